{{- define "gateway.service" -}}
{{- $service := .root.Values.service -}}
{{- if and $service.nodePort (eq $service.type "ClusterIP") -}}
{{- fail (printf "gateway: service.nodePort (%d) needs service.type NodePort or LoadBalancer, not ClusterIP" (int $service.nodePort)) -}}
{{- end -}}
apiVersion: v1
kind: Service
metadata:
  {{- include "service.metadata" (dict "ctx" . "wave" 10) | nindent 2 }}
spec:
  type: {{ $service.type }}
  selector:
    {{- include "service.selectorLabels" . | nindent 4 }}
  ports:
    - name: http
      port: 80
      targetPort: http
      protocol: TCP
      appProtocol: http
      {{- with $service.nodePort }}
      nodePort: {{ int . }}
      {{- end }}
{{- end -}}

{{- /* Everyone may come in on the public port; the gateway itself calls the shop's services only. */}}
{{- define "gateway.networkPolicy" -}}
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
    - ports:
        - port: 8080
          protocol: TCP
    {{- include "service.ingressFromScrapers" . | nindent 4 }}
  egress:
    {{- include "service.egressToDNS" . | nindent 4 }}
    {{- include "service.egressToParts" . | trim | nindent 4 }}
    {{- with include "service.egressToTracing" . | trim }}
    {{- . | nindent 4 }}
    {{- end }}
{{- end -}}
