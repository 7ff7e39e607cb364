{{- /* Answers that Envoy gives itself, as RFC 9457 problems like the services' own: status -> slug, title, detail. */}}
{{- define "gateway.problemList" -}}
"400": [bad-request, The request cannot be read, The gateway cannot read this request; escaped slashes and header names with underscores are refused.]
"404": [not-found, Not found, No such path in this shop.]
"408": [request-timeout, The request took too long, The request did not arrive completely in time; send it again.]
"413": [body-too-large, The body is too large, The largest body is {{ int64 .root.Values.limits.bodyBytes }} bytes.]
"431": [headers-too-large, The headers are too large, The largest headers are 32 KiB and 100 in number.]
"502": [bad-gateway, The service gave no valid answer, "The service behind this path gave an answer that cannot be read; try again."]
"503": [unavailable, The service cannot answer just now, The service behind this path cannot be reached just now; try again in a second.]
"504": [timeout, The answer did not come in time, "The service behind this path did not answer in time; for an order, look whether it exists before trying again."]
{{- end -}}

{{- define "gateway.problems" -}}
mappers:
  {{- range $status, $problem := include "gateway.problemList" . | fromYaml }}
  - filter:
      status_code_filter:
        comparison:
          op: EQ
          value:
            default_value: {{ $status }}
            runtime_key: shopkeeper.problem.{{ $status }}
    {{- if eq $status "503" }}
    headers_to_add:
      - header:
          key: retry-after
          value: "1"
        append_action: ADD_IF_ABSENT
    {{- end }}
    body_format_override:
      {{- include "gateway.problemFormat" (dict "slug" (index $problem 0) "title" (index $problem 1) "detail" (index $problem 2)) | nindent 6 }}
  {{- end }}
body_format:
  {{- include "gateway.problemFormat" (dict "slug" "gateway" "title" "The gateway refused the request" "detail" "%LOCAL_REPLY_BODY%") | nindent 2 }}
{{- end -}}

{{- define "gateway.problemFormat" -}}
content_type: application/problem+json
json_format:
  type: https://shopkeeper.dev/problems/{{ .slug }}
  title: {{ .title }}
  status: "%RESPONSE_CODE%"
  detail: {{ .detail | quote }}
  instance: "%PATH(NQ:ORIG_OR_PATH)%"
{{- end -}}
