{{- /* Mails go to the sink as long as no mail server is named. Takes the root. */}}
{{- define "notifications.hasSink" -}}
{{- if not (or .Values.mail.secretName .Values.sink.enabled) -}}
{{- fail "notifications: mail.secretName must name a secret with the address of a mail server where sink.enabled is false" -}}
{{- end -}}
{{ not .Values.mail.secretName }}
{{- end -}}

{{- /* The public address of the shop. */}}
{{- define "notifications.url" -}}
{{ .Values.global.url | default (printf "http://%s-gateway" (include "service.shop" .)) }}
{{- end -}}

{{- define "notifications.config" -}}
{{- $host := (include "notifications.url" . | urlParse).host | splitList ":" | first -}}
MAIL_FROM: {{ .Values.mail.from | default (printf "%s <no-reply@%s>" (include "service.shop" . | title) $host) | quote }}
SHOP_URL: {{ include "notifications.url" . }}
{{- if eq (include "notifications.hasSink" .) "true" }}
SMTP_URL: smtp://{{ include "service.shop" . }}-mail:1025
{{- end }}
{{- end -}}

{{- define "notifications.egress" -}}
{{- if eq (include "notifications.hasSink" .) "true" -}}
- to:
    {{- include "service.peers" (dict "ctx" (dict "root" .) "parts" (list "mail")) | nindent 4 }}
  ports:
    - port: 1025
      protocol: TCP
{{- else -}}
- ports:
    {{- range .Values.mail.ports }}
    - port: {{ int . }}
      protocol: TCP
    {{- end }}
{{- end -}}
{{- end -}}
