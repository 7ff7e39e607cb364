{{- /*
Quantities in the form in which the API server stores them ("0.5" -> "500m", "1024Mi" -> "1Gi"), so that a rendered
object equals the stored one. The values schema admits no other forms than these read.
*/}}

{{- define "service.cpu" -}}
{{- $text := toString . -}}
{{- $milli := 0 -}}
{{- if hasSuffix "m" $text -}}
{{- $milli = trimSuffix "m" $text | int -}}
{{- else -}}
{{- $milli = round (mulf (float64 $text) 1000) 0 | int -}}
{{- end -}}
{{- if eq (mod $milli 1000) 0 }}{{ div $milli 1000 }}{{ else }}{{ $milli }}m{{ end -}}
{{- end -}}

{{- define "service.bytes" -}}
{{- $text := toString . -}}
{{- $number := regexFind "^[0-9]+" $text | int64 -}}
{{- $unit := regexFind "[A-Za-z]*$" $text -}}
{{- $base := ternary 1024 1000 (hasSuffix "i" $unit) -}}
{{- $next := dict "" "k" "k" "M" "M" "G" "G" "T" "Ki" "Mi" "Mi" "Gi" "Gi" "Ti" -}}
{{- range until 4 -}}
{{- if and (hasKey $next $unit) (gt $number 0) (eq (mod $number $base) 0) -}}
{{- $number = div $number $base -}}
{{- $unit = get $next $unit -}}
{{- end -}}
{{- end -}}
{{ $number }}{{ $unit }}
{{- end -}}

{{- /* Requests and limits of a container. Takes the `resources` value. */}}
{{- define "service.resources" -}}
{{- range $kind, $amounts := . }}
{{- if $amounts }}
{{ $kind }}:
  {{- range $resource, $amount := $amounts }}
  {{ $resource }}: {{ include (eq $resource "cpu" | ternary "service.cpu" "service.bytes") $amount | quote }}
  {{- end }}
{{- end }}
{{- end }}
{{- end -}}
