{{- /* A mail server that keeps what it gets in memory and shows it: one pod, nothing to lose. Takes its context. */}}
{{- define "notifications.sink" -}}
{{- $documents := list
  (include "service.serviceAccount" .)
  (include "notifications.sinkService" .)
  (include "notifications.sinkDeployment" .) -}}
{{- if .root.Values.networkPolicy.enabled -}}
{{- $documents = append $documents (include "notifications.sinkNetworkPolicy" .) -}}
{{- end -}}
{{- include "service.documents" $documents -}}
{{- end -}}

{{- define "notifications.sinkService" -}}
apiVersion: v1
kind: Service
metadata:
  {{- include "service.metadata" (dict "ctx" . "wave" 10) | nindent 2 }}
spec:
  type: ClusterIP
  selector:
    {{- include "service.selectorLabels" . | nindent 4 }}
  ports:
    - name: http
      port: 80
      targetPort: http
      protocol: TCP
      appProtocol: http
    - name: smtp
      port: 1025
      targetPort: smtp
      protocol: TCP
{{- end -}}

{{- define "notifications.sinkDeployment" -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  {{- include "service.metadata" (dict "ctx" . "wave" 50) | nindent 2 }}
spec:
  replicas: 1
  revisionHistoryLimit: 3
  # Two pods would share out the mails among themselves.
  strategy:
    type: Recreate
  selector:
    matchLabels:
      {{- include "service.selectorLabels" . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "service.podLabels" . | nindent 8 }}
      {{- with .root.Values.podAnnotations }}
      annotations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
    spec:
      {{- include "service.podSettings" . | nindent 6 }}
      containers:
        - name: mail
          {{- include "service.containerSettings" . | nindent 10 }}
          command:
            - python
            - -m
            - notifications.sink
          ports:
            - name: http
              containerPort: 8080
              protocol: TCP
            - name: smtp
              containerPort: 1025
              protocol: TCP
          readinessProbe:
            {{- include "notifications.sinkProbe" "smtp" | nindent 12 }}
            periodSeconds: 3
          livenessProbe:
            {{- include "notifications.sinkProbe" "http" | nindent 12 }}
            periodSeconds: 10
            failureThreshold: 6
          resources:
            {{- include "service.resources" .root.Values.sink.resources | trim | nindent 12 }}
          volumeMounts:
            {{- include "service.tmpMount" . | nindent 12 }}
      volumes:
        {{- include "service.tmpVolume" . | nindent 8 }}
{{- end -}}

{{- define "notifications.sinkProbe" -}}
tcpSocket:
  port: {{ . }}
timeoutSeconds: 2
{{- end -}}

{{- /* Mails come from notifications; the page is for who may forward a port. It calls nobody. */}}
{{- define "notifications.sinkNetworkPolicy" -}}
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
        {{- include "service.peers" (dict "ctx" . "parts" (list "notifications")) | nindent 8 }}
      ports:
        - port: 1025
          protocol: TCP
{{- end -}}
