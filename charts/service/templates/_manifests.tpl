{{- /*
Everything of one service. Takes (dict "root" $), optionally with "secrets" and "migrationSecrets": environment of the
service and of its migration from the shop's shared secrets, as lists of (dict "name" "secret" "key").
*/}}
{{- define "service.manifests" -}}
{{- $values := .root.Values -}}
{{- $ctx := dict "root" .root "part" .root.Chart.Name "component" "service"
  "secrets" (.secrets | default list) "migrationSecrets" (.migrationSecrets | default list) -}}
{{- $migration := dict "root" .root "part" (printf "%s-migrate" $ctx.part) "component" "migration"
  "service" $ctx "serviceAccount" (include "service.fullname" $ctx) -}}
{{- $documents := list
  (include "service.serviceAccount" $ctx)
  (include "service.configMap" $ctx)
  (include "service.service" $ctx)
  (include "service.migrationJob" $migration)
  (include "service.deployment" $ctx) -}}
{{- if $values.networkPolicy.enabled -}}
{{- $documents = concat $documents (list
  (include "service.networkPolicy" $ctx)
  (include "service.migrationNetworkPolicy" $migration)) -}}
{{- end -}}
{{- include "service.documents" (concat $documents (include "service.optional" $ctx | fromJsonArray)) -}}
{{- end -}}

{{- /* HPA, PDB and PodMonitor where they are switched on, as a JSON list of texts. Takes a context. */}}
{{- define "service.optional" -}}
{{- $documents := list -}}
{{- if .root.Values.autoscaling.enabled -}}
{{- $documents = append $documents (include "service.hpa" .) -}}
{{- end -}}
{{- if .root.Values.podDisruptionBudget.enabled -}}
{{- $documents = append $documents (include "service.pdb" .) -}}
{{- end -}}
{{- if .root.Values.podMonitor.enabled -}}
{{- $documents = append $documents (include "service.podMonitor" .) -}}
{{- end -}}
{{- toJson $documents -}}
{{- end -}}

{{- define "service.documents" -}}
{{- range . }}
---
{{ . }}
{{- end }}
{{- end -}}
