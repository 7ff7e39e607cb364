{{- /* NOTES.txt of a service. Takes the root. */}}
{{- define "service.notes" -}}
{{- $ctx := dict "root" . "part" .Chart.Name -}}
{{- $name := include "service.fullname" $ctx -}}
{{ title .Chart.Name }} of the shop {{ include "service.shop" . }}, release {{ include "service.tag" $ctx }}, in namespace {{ .Release.Namespace }}.

{{ if hasKey .Values "database" -}}
It needs these secrets: {{ include "service.databaseSecret" $ctx }} (runtime role) and {{ include "service.databaseOwnerSecret" $ctx }} (owner, for migrations),
each with the keys username, password, host, port, dbname and uri; README.md lists the others.

Watch the migration:
  kubectl -n {{ .Release.Namespace }} get jobs -l app.kubernetes.io/name={{ .Chart.Name }}-migrate,app.kubernetes.io/instance={{ include "service.shop" . }}
{{ else -}}
README.md lists the secrets that it needs.
{{ end }}
Watch the rollout:
  kubectl -n {{ .Release.Namespace }} rollout status deployment/{{ $name }}

Call it:
  kubectl -n {{ .Release.Namespace }} port-forward deployment/{{ $name }} 8080
  curl http://127.0.0.1:8080/readyz
{{- end -}}
