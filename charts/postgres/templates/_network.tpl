{{- define "postgres.service" -}}
apiVersion: v1
kind: Service
metadata:
  {{- include "service.metadata" (dict "ctx" . "wave" 10) | nindent 2 }}
spec:
  type: ClusterIP
  selector:
    {{- include "service.selectorLabels" . | nindent 4 }}
  ports:
    - name: postgres
      port: 5432
      targetPort: postgres
      protocol: TCP
{{- end -}}

{{- /* The shop's services and migrations may connect, and the operator; PostgreSQL itself calls nobody. */}}
{{- define "postgres.networkPolicy" -}}
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
        - podSelector:
            matchLabels:
              app.kubernetes.io/instance: {{ include "service.shop" .root }}
            matchExpressions:
              - key: app.kubernetes.io/component
                operator: In
                values:
                  - service
                  - migration
        {{- with .root.Values.networkPolicy.operatorNamespace }}
        - namespaceSelector:
            matchLabels:
              kubernetes.io/metadata.name: {{ . }}
          podSelector:
            matchLabels:
              app.kubernetes.io/name: shop-operator
        {{- end }}
      ports:
        - port: 5432
          protocol: TCP
{{- end -}}
