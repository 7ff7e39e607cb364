{{- /*
Everything of one service. Takes (dict "root" $), optionally with
- "secrets" and "migrationSecrets": environment of the service and of its migration from secrets, see "service.shopSecrets";
- "config": further environment;
- "egress": further rules of its network policy;
- "grpc": whether it serves gRPC on port 8081, which clients balance themselves over a headless Service;
- "pods": whether there is a headless Service besides the usual one, for a client that chooses among its pods.
A chart without the values `database` has no database and no migration; one without `messaging` knows no broker.
*/}}
{{- define "service.manifests" -}}
{{- $ctx := dict "root" .root "part" .root.Chart.Name "component" "service" "secrets" (.secrets | default list)
  "migrationSecrets" (.migrationSecrets | default list) "config" (.config | default dict) "egress" .egress "grpc" (.grpc | default false)
  "pods" (.pods | default false) -}}
{{- $documents := list
  (include "service.serviceAccount" $ctx)
  (include "service.configMap" $ctx)
  (include "service.service" $ctx)
  (include "service.deployment" $ctx) -}}
{{- if .pods -}}
{{- $documents = append $documents (include "service.podsService" $ctx) -}}
{{- end -}}
{{- if .root.Values.networkPolicy.enabled -}}
{{- $documents = append $documents (include "service.networkPolicy" $ctx) -}}
{{- end -}}
{{- if hasKey .root.Values "database" -}}
{{- $documents = concat $documents (include "service.migration" $ctx | fromJsonArray) -}}
{{- end -}}
{{- include "service.documents" (concat $documents (include "service.optional" $ctx | fromJsonArray)) -}}
{{- end -}}

{{- /* The migration and its policy, as a JSON list of texts. Takes the service's context. */}}
{{- define "service.migration" -}}
{{- $ctx := dict "root" .root "part" (printf "%s-migrate" .part) "component" "migration" "service" .
  "serviceAccount" (include "service.fullname" .) -}}
{{- $documents := list (include "service.migrationJob" $ctx) -}}
{{- if .root.Values.networkPolicy.enabled -}}
{{- $documents = append $documents (include "service.migrationNetworkPolicy" $ctx) -}}
{{- end -}}
{{- toJson $documents -}}
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
