{{- /*
Answers that Envoy gives itself, as RFC 9457 problems like the services' own, by status; the first one that matches
counts. `when` is an expression that must hold as well, `as` another status, `headers` are added.
*/}}
{{- define "gateway.problemList" -}}
{{- $limits := .root.Values.limits -}}
{{- $perMinute := include "gateway.credentialsPerMinute" . | int -}}
{{- $refused := "jwt_authn_access_denied" -}}
- {status: 400, slug: bad-request, title: The request cannot be read, detail: "The gateway cannot read this request; escaped slashes and the like in the path, and header names with underscores are refused."}
- {status: 401, when: "response.code_details == '{{ $refused }}{Jwks_remote_fetch_is_failed}'", as: 503, slug: keys-unavailable, title: Tokens cannot be checked just now, detail: "The keys to check tokens cannot be had; try again in some seconds.", headers: {retry-after: "5"}}
- {status: 401, when: "response.code_details == '{{ $refused }}{Jwt_is_missing}'", slug: unauthorized, title: Authentication is needed, detail: "Send the header Authorization: Bearer <token>.", headers: {www-authenticate: 'Bearer realm="shop"'}}
- {status: 401, when: "response.code_details == '{{ $refused }}{Jwt_is_expired}'", slug: unauthorized, title: Authentication is needed, detail: "The token has expired: log in again.", headers: &invalid {www-authenticate: 'Bearer realm="shop", error="invalid_token"'}}
- {status: 401, slug: unauthorized, title: Authentication is needed, detail: The token is not valid., headers: *invalid}
# The audience of another shop: to Envoy that is forbidden, to us it is no token of ours.
- {status: 403, when: "response.code_details.startsWith('{{ $refused }}')", as: 401, slug: unauthorized, title: Authentication is needed, detail: The token is not valid., headers: *invalid}
- {status: 403, slug: forbidden, title: This is not allowed, detail: The gateway opens no tunnels.}
- {status: 404, slug: not-found, title: Not found, detail: No such path in this shop.}
- {status: 408, slug: request-timeout, title: The request took too long, detail: The request did not arrive completely in time; send it again.}
- {status: 413, slug: body-too-large, title: The body is too large, detail: "The largest body is {{ int64 $limits.bodyBytes }} bytes, that of a catalogue to import {{ int64 $limits.importBytes }}."}
- {status: 429, when: "xds.route_name == 'credentials'", slug: too-many-requests, title: Too many requests, detail: "Your address may send {{ $perMinute }} requests a minute with passwords; wait a little.", headers: {retry-after: "{{ div (add 59 $perMinute) $perMinute }}"}}
- {status: 429, slug: too-many-requests, title: Too many requests, detail: "Your address may send {{ int .root.Values.rateLimit.requestsPerMinute }} requests a minute; wait a little.", headers: {retry-after: "1"}}
- {status: 431, slug: headers-too-large, title: The headers are too large, detail: The largest headers are 32 KiB and 100 in number.}
- {status: 502, slug: bad-gateway, title: The service gave no valid answer, detail: The service behind this path gave an answer that cannot be read; try again.}
- {status: 503, slug: unavailable, title: The service cannot answer just now, detail: The service behind this path cannot be reached just now; try again in a second., headers: {retry-after: "1"}}
- {status: 504, slug: timeout, title: The answer did not come in time, detail: "The service behind this path did not answer in time; for an order, look whether it exists before trying again."}
{{- end -}}

{{- define "gateway.problems" -}}
mappers:
  {{- range include "gateway.problemList" . | fromYamlArray }}
  - filter:
      {{- include "gateway.problemFilter" . | nindent 6 }}
    {{- with .as }}
    status_code: {{ int . }}
    {{- end }}
    {{- with .headers }}
    headers_to_add:
      {{- range $name, $value := . }}
      - header:
          key: {{ $name }}
          value: {{ $value | quote }}
        append_action: OVERWRITE_IF_EXISTS_OR_ADD
      {{- end }}
    {{- end }}
    body_format_override:
      {{- include "gateway.problemFormat" . | nindent 6 }}
  {{- end }}
body_format:
  {{- include "gateway.problemFormat" (dict "slug" "gateway" "title" "The gateway refused the request" "detail" "%LOCAL_REPLY_BODY%") | nindent 2 }}
{{- end -}}

{{- define "gateway.problemFilter" -}}
{{- $status := dict "status_code_filter" (dict "comparison" (dict "op" "EQ" "value" (dict
  "default_value" (int .status) "runtime_key" (printf "shopkeeper.problem.%d" (int .status))))) -}}
{{- if .when -}}
{{- $expression := dict "extension_filter" (dict "name" "envoy.access_loggers.extension_filters.cel" "typed_config" (dict
  "@type" "type.googleapis.com/envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter" "expression" .when)) -}}
{{- toYaml (dict "and_filter" (dict "filters" (list $status $expression))) -}}
{{- else -}}
{{- toYaml $status -}}
{{- end -}}
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
