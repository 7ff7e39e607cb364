{{- /* NOTES.txt of a service. Takes the root. */}}
{{- define "service.notes" -}}
{{- $ctx := dict "root" . "part" .Chart.Name -}}
{{- $name := include "service.fullname" $ctx -}}
{{ title .Chart.Name }} of the shop {{ include "service.shop" . }}, release {{ include "service.tag" $ctx }}, in namespace {{ .Release.Namespace }}.

It needs these secrets: {{ include "service.databaseSecret" $ctx }} (runtime role) and {{ include "service.databaseOwnerSecret" $ctx }} (owner, for migrations),
each with the keys username, password, host, port, dbname and uri; README.md lists the others.

Watch the migration and the rollout:
  kubectl -n {{ .Release.Namespace }} get jobs -l app.kubernetes.io/name={{ .Chart.Name }}-migrate,app.kubernetes.io/instance={{ include "service.shop" . }}
  kubectl -n {{ .Release.Namespace }} rollout status deployment/{{ $name }}

Call it:
  kubectl -n {{ .Release.Namespace }} port-forward service/{{ $name }} 8080:80
  curl http://127.0.0.1:8080/readyz
{{- end -}}
