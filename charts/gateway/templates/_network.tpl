{{- define "gateway.service" -}}
{{- $service := .root.Values.service -}}
{{- range $name := list "nodePort" "tlsNodePort" -}}
{{- if and (get $service $name) (eq $service.type "ClusterIP") -}}
{{- fail (printf "gateway: service.%s (%d) needs service.type NodePort or LoadBalancer, not ClusterIP" $name (int (get $service $name))) -}}
{{- end -}}
{{- end -}}
apiVersion: v1
kind: Service
metadata:
  {{- include "service.metadata" (dict "ctx" . "wave" 10) | nindent 2 }}
spec:
  type: {{ $service.type }}
  {{- if ne $service.type "ClusterIP" }}
  # Clients have a rate limit each, so their addresses must reach the gateway.
  externalTrafficPolicy: {{ $service.externalTrafficPolicy | default (ternary "Local" "Cluster" (eq $service.type "LoadBalancer")) }}
  {{- end }}
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
    {{- if .root.Values.tls.enabled }}
    - name: https
      port: 443
      targetPort: https
      protocol: TCP
      appProtocol: https
      {{- with $service.tlsNodePort }}
      nodePort: {{ int . }}
      {{- end }}
    {{- end }}
{{- end -}}

{{- /* Everyone may come in on the public ports; the gateway itself calls the shop's services only. */}}
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
        {{- if .root.Values.tls.enabled }}
        - port: 8443
          protocol: TCP
        {{- end }}
    {{- include "service.ingressFromScrapers" . | nindent 4 }}
  egress:
    {{- include "service.egressToDNS" . | nindent 4 }}
    {{- include "service.egressToParts" . | trim | nindent 4 }}
    {{- with include "service.egressToTracing" . | trim }}
    {{- . | nindent 4 }}
    {{- end }}
{{- end -}}
