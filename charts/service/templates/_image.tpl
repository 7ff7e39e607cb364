{{- define "service.tag" -}}
{{ .root.Values.image.tag | default .root.Values.global.imageTag | default .root.Chart.AppVersion }}
{{- end -}}

{{- /* The tag as a label value: at most 63 characters, the last one a letter or digit. */}}
{{- define "service.version" -}}
{{ include "service.tag" . | trunc 63 | regexFind "^.*[A-Za-z0-9]" }}
{{- end -}}

{{- /* The image reference; a digest says more exactly than a tag which image is meant, so it wins. */}}
{{- define "service.image" -}}
{{- $image := .root.Values.image -}}
{{- with .root.Values.global.imageRegistry }}{{ trimSuffix "/" . }}/{{ end -}}
{{ $image.repository }}{{ if $image.digest }}@{{ $image.digest }}{{ else }}:{{ include "service.tag" . }}{{ end }}
{{- end -}}
