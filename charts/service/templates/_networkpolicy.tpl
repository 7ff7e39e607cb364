{{- /* Who calls whom in a shop. Environment and network policies of both ends are made from this table. */}}
{{- define "service.callGraph" -}}
gateway: [users, products, inventory, orders, payments, notifications, storefront]
users: []
products: [users]
inventory: [users]
orders: [users, products, inventory, payments]
payments: [users]
notifications: [users]
recommendations: []
storefront: [users, products, inventory, orders, recommendations]
catalog: [users, products, inventory]
{{- end -}}

{{- /* Who publishes or consumes events. */}}
{{- define "service.messengers" -}}
[users, orders, notifications, recommendations]
{{- end -}}

{{- /* The port on which a service is called. Takes its name. */}}
{{- define "service.port" -}}
{{ eq . "recommendations" | ternary 8081 8080 }}
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

{{- /* To those whom a part calls. */}}
{{- define "service.egressToParts" -}}
{{- $ctx := . -}}
{{- $calls := dict -}}
{{- range include "service.calls" . | fromYamlArray -}}
{{- $port := include "service.port" . -}}
{{- $_ := set $calls $port (append (get $calls $port | default list) .) -}}
{{- end -}}
{{- range $port, $parts := $calls }}
- to:
    {{- include "service.peers" (dict "ctx" $ctx "parts" $parts) | nindent 4 }}
  ports:
    - port: {{ $port }}
      protocol: TCP
{{- end }}
{{- end -}}

{{- /* Where the receiver of spans is, only its address tells: its port it must be. */}}
{{- define "service.egressToTracing" -}}
{{- with .root.Values.global.tracing.endpoint }}
- ports:
    - port: {{ include "service.tracingPort" . }}
      protocol: TCP
{{- end }}
{{- end -}}

{{- /* Takes the endpoint. */}}
{{- define "service.tracingPort" -}}
{{ regexFind ":[0-9]+$" (urlParse .).host | trimPrefix ":" | default "80" }}
{{- end -}}

{{- /* To the shop's own broker; an external one may have any address. */}}
{{- define "service.egressToBroker" -}}
{{- $messaging := .root.Values.global.messaging -}}
{{- if $messaging.external -}}
- ports:
    - port: {{ int $messaging.port }}
      protocol: TCP
{{- else -}}
- to:
    {{- include "service.peers" (dict "ctx" . "parts" (list "rabbitmq")) | nindent 4 }}
  ports:
    - port: 5672
      protocol: TCP
{{- end -}}
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

{{- /* What is not named here is denied, both ways. Takes a context, optionally with "egress": further rules. */}}
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
        - port: {{ include "service.port" .part }}
          protocol: TCP
    {{- include "service.ingressFromScrapers" . | nindent 4 }}
  egress:
    {{- include "service.egressToDNS" . | nindent 4 }}
    {{- if hasKey .root.Values "database" }}
    {{- include "service.egressToDatabase" . | nindent 4 }}
    {{- end }}
    {{- if hasKey .root.Values "messaging" }}
    {{- include "service.egressToBroker" . | nindent 4 }}
    {{- end }}
    {{- with include "service.egressToParts" . | trim }}
    {{- . | nindent 4 }}
    {{- end }}
    {{- with include "service.egressToTracing" . | trim }}
    {{- . | nindent 4 }}
    {{- end }}
    {{- with .egress }}
    {{- . | nindent 4 }}
    {{- end }}
{{- end -}}
