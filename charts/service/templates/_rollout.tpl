{{- /*
A Deployment around a pod. Takes (dict "ctx" <context> "wave" 50 "config" <the ConfigMap's data> "pod" <pod spec, YAML>).
*/}}
{{- define "service.rollout" -}}
{{- $values := .ctx.root.Values -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  {{- include "service.metadata" (dict "ctx" .ctx "wave" .wave) | nindent 2 }}
spec:
  {{- if not $values.autoscaling.enabled }}
  replicas: {{ int $values.replicas }}
  {{- end }}
  revisionHistoryLimit: 3
  # A new pod is ready before an old one goes.
  strategy:
    type: RollingUpdate
    rollingUpdate:
      maxSurge: 1
      maxUnavailable: 0
  selector:
    matchLabels:
      {{- include "service.selectorLabels" .ctx | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "service.podLabels" .ctx | nindent 8 }}
      annotations:
        {{- with $values.podAnnotations }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
        checksum/config: {{ .config | toJson | sha256sum }}
    spec:
      {{- include "service.podSettings" .ctx | nindent 6 }}
      topologySpreadConstraints:
        {{- include "service.topologySpread" .ctx | trim | nindent 8 }}
      {{- .pod | nindent 6 }}
{{- end -}}
