{{- /*
Names and labels. A context is (dict "root" $ "part" "users" "component" "service"): `part` is what comes after the
shop's name in every name, and the value of app.kubernetes.io/name.
*/}}

{{- /* The shop's name: the release name unless global.shop says otherwise. Takes the root. */}}
{{- define "service.shop" -}}
{{- $shop := .Values.global.shop | default .Release.Name -}}
{{- if or (gt (len $shop) 30) (not (regexMatch "^[a-z]([-a-z0-9]*[a-z0-9])?$" $shop)) -}}
{{- fail (printf "the shop name %q (release name or global.shop) must be 1 to 30 lower-case letters, digits and hyphens, start with a letter and not end with a hyphen, because Kubernetes names such as %s-recommendations-migrate-0123abcd are made from it" $shop $shop) -}}
{{- end -}}
{{- $shop -}}
{{- end -}}

{{- define "service.fullname" -}}
{{ include "service.shop" .root }}-{{ .part }}
{{- end -}}

{{- /* Selectors never change in the life of an object, so they hold what never changes. */}}
{{- define "service.selectorLabels" -}}
app.kubernetes.io/name: {{ .part }}
app.kubernetes.io/instance: {{ include "service.shop" .root }}
{{- end -}}

{{- /* Labels of every object and pod. No chart version: a new chart alone must not restart pods. */}}
{{- define "service.labels" -}}
{{ include "service.selectorLabels" . }}
app.kubernetes.io/part-of: shopkeeper
app.kubernetes.io/component: {{ .component }}
app.kubernetes.io/managed-by: {{ .root.Values.global.managedBy }}
app.kubernetes.io/version: {{ include "service.version" . | quote }}
{{- end -}}

{{- /* The labels with further ones of the user's. Takes (dict "ctx" <context> "value" "podLabels" "labels" <map>). */}}
{{- define "service.moreLabels" -}}
{{- $own := include "service.labels" .ctx | fromYaml -}}
{{- $value := .value -}}
{{- range $name, $_ := .labels -}}
{{- if hasKey $own $name -}}
{{- fail (printf "%s: the label %s is the chart's own" $value $name) -}}
{{- end -}}
{{- end -}}
{{- toYaml (merge $own .labels) -}}
{{- end -}}

{{- define "service.podLabels" -}}
{{ include "service.moreLabels" (dict "ctx" . "value" "podLabels" "labels" .root.Values.podLabels) }}
{{- end -}}

{{- /*
Metadata of an object. Takes (dict "ctx" <context> "wave" 10), optionally with "name" and "labels" (all of them).
The wave is the order in which the operator applies objects; Helm ignores it.
*/}}
{{- define "service.metadata" -}}
name: {{ .name | default (include "service.fullname" .ctx) }}
namespace: {{ .ctx.root.Release.Namespace }}
labels:
  {{- .labels | default (include "service.labels" .ctx) | nindent 2 }}
annotations:
  shopkeeper.dev/wave: {{ .wave | quote }}
{{- end -}}

{{- /* The labels of the volume: templates of a StatefulSet's volumes can never be changed, so neither may these. */}}
{{- define "service.volumeLabels" -}}
{{ include "service.selectorLabels" . }}
app.kubernetes.io/part-of: shopkeeper
app.kubernetes.io/component: {{ .component }}
{{- end -}}
