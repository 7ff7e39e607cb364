{{- define "service.service" -}}
apiVersion: v1
kind: Service
metadata:
  {{- include "service.metadata" (dict "ctx" . "wave" 10) | nindent 2 }}
spec:
  type: ClusterIP
  {{- if .grpc }}
  # No address of its own: clients see every pod. Such a Service maps no ports.
  clusterIP: None
  {{- end }}
  selector:
    {{- include "service.selectorLabels" . | nindent 4 }}
  ports:
    - name: http
      port: {{ .grpc | ternary 8080 80 }}
      targetPort: http
      protocol: TCP
      appProtocol: http
    {{- if .grpc }}
    - name: grpc
      port: 8081
      targetPort: grpc
      protocol: TCP
      appProtocol: kubernetes.io/h2c
    {{- end }}
    - name: metrics
      port: 9090
      targetPort: metrics
      protocol: TCP
{{- end -}}

{{- /* The addresses of the pods, by a name. */}}
{{- define "service.podsService" -}}
apiVersion: v1
kind: Service
metadata:
  {{- include "service.metadata" (dict "ctx" . "wave" 10 "name" (printf "%s-pods" (include "service.fullname" .))) | nindent 2 }}
spec:
  type: ClusterIP
  clusterIP: None
  selector:
    {{- include "service.selectorLabels" . | nindent 4 }}
  ports:
    - name: http
      port: 8080
      targetPort: http
      protocol: TCP
      appProtocol: http
{{- end -}}

{{- define "service.serviceAccount" -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  {{- include "service.metadata" (dict "ctx" . "wave" 10) | nindent 2 }}
automountServiceAccountToken: false
{{- end -}}
