{{- /* Who calls whom in a shop. Environment and network policies of both ends are made from this table. */}}
{{- define "service.callGraph" -}}
gateway: [users, products, inventory, orders, payments]
users: []
products: [users]
inventory: [users]
orders: [users, products, inventory, payments]
payments: [users]
{{- end -}}

{{- define "service.calls" -}}
{{- get (include "service.callGraph" . | fromYaml) .part | toYaml -}}
{{- end -}}

{{- define "service.callers" -}}
{{- $part := .part -}}
{{- range $caller, $callees := include "service.callGraph" . | fromYaml }}
{{- if has $part $callees }}
- {{ $caller }}
{{- end }}
{{- end }}
{{- end -}}

{{- /* Pods of this shop by their names. Takes (dict "ctx" <context> "parts" <list>). */}}
{{- define "service.peers" -}}
- podSelector:
    matchLabels:
      app.kubernetes.io/instance: {{ include "service.shop" .ctx.root }}
    matchExpressions:
      - key: app.kubernetes.io/name
        operator: In
        values:
          {{- toYaml .parts | nindent 10 }}
{{- end -}}

{{- define "service.ingressFromScrapers" -}}
- from:
    {{- toYaml .root.Values.networkPolicy.metricsFrom | nindent 4 }}
  ports:
    - port: 9090
      protocol: TCP
{{- end -}}

{{- /* To any address: where the resolver lives (a pod, a node-local cache) differs from cluster to cluster. */}}
{{- define "service.egressToDNS" -}}
- ports:
    - port: 53
      protocol: UDP
    - port: 53
      protocol: TCP
{{- end -}}

{{- define "service.egressToParts" -}}
- to:
    {{- include "service.peers" . | nindent 4 }}
  ports:
    - port: 8080
      protocol: TCP
{{- end -}}

{{- /* To the shop's own PostgreSQL; an external one may have any address. */}}
{{- define "service.egressToDatabase" -}}
{{- $database := .root.Values.global.database -}}
{{- if $database.external -}}
- ports:
    - port: {{ int $database.port }}
      protocol: TCP
{{- else -}}
- to:
    {{- include "service.peers" (dict "ctx" . "parts" (list "postgres")) | nindent 4 }}
  ports:
    - port: 5432
      protocol: TCP
{{- end -}}
{{- end -}}

{{- /* What is not named here is denied, both ways. */}}
{{- define "service.networkPolicy" -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  {{- include "service.metadata" (dict "ctx" . "wave" 10) | nindent 2 }}
spec:
  podSelector:
    matchLabels:
      {{- include "service.selectorLabels" . | nindent 6 }}
  policyTypes:
    - Ingress
    - Egress
  ingress:
    - from:
        {{- include "service.peers" (dict "ctx" . "parts" (include "service.callers" . | fromYamlArray)) | nindent 8 }}
      ports:
        - port: 8080
          protocol: TCP
    {{- include "service.ingressFromScrapers" . | nindent 4 }}
  egress:
    {{- include "service.egressToDNS" . | nindent 4 }}
    {{- include "service.egressToDatabase" . | nindent 4 }}
    {{- with include "service.calls" . | fromYamlArray }}
    {{- include "service.egressToParts" (dict "ctx" $ "parts" .) | nindent 4 }}
    {{- end }}
{{- end -}}
