{{- /*
What clients may call, by service. `pages` are single paths, `trees` are paths with all that is below them; both are
below /api/v1. Those of `short` work without /api/v1 as well.
*/}}
{{- define "gateway.api" -}}
users: {pages: [register, login, logout, token/refresh, oauth/token], trees: [users, api-keys], short: [register, login, users]}
products: {pages: [categories], trees: [products], short: [products]}
inventory: {pages: [], trees: [inventory], short: [inventory]}
orders: {pages: [cart], trees: [orders], short: [orders]}
payments: {pages: [], trees: [payments], short: []}
{{- end -}}

{{- define "gateway.routes" -}}
virtual_hosts:
  - name: shop
    domains:
      - "*"
    response_headers_to_add:
      - header:
          key: x-content-type-options
          value: nosniff
        append_action: OVERWRITE_IF_EXISTS_OR_ADD
    response_headers_to_remove:
      - x-envoy-upstream-service-time
    routes:
      {{- include "gateway.route" (dict "ctx" . "service" "users" "kind" "path" "path" "/.well-known/jwks.json") | nindent 6 }}
      {{- range $service, $api := include "gateway.api" . | fromYaml }}
      {{- range $name := concat $api.pages $api.trees }}
      {{- $kind := ternary "path" "path_separated_prefix" (has $name $api.pages) }}
      {{- $path := printf "/api/v1/%s" $name }}
      {{- $route := dict "ctx" $ "service" $service "kind" $kind }}
      {{- include "gateway.route" (merge (dict "path" $path) $route) | nindent 6 }}
      {{- if has $name $api.short }}
      {{- include "gateway.route" (merge (dict "path" (printf "/%s" $name) "rewrite" $path) $route) | nindent 6 }}
      {{- end }}
      {{- end }}
      {{- end }}
      # All else, such as /internal, is not for clients.
      - match:
          prefix: /
        direct_response:
          status: 404
{{- end -}}

{{- /*
Two routes for a path, since what is safe to try again depends on the method: a request that no service has seen always
is, one that was lost on the way only if it reads.
*/}}
{{- define "gateway.route" -}}
- match:
    {{ .kind }}: {{ .path }}
    headers:
      - name: ":method"
        string_match:
          safe_regex:
            regex: GET|HEAD
  route:
    {{- include "gateway.action" (merge (dict "retryOn" "connect-failure,refused-stream,reset-before-request,reset") .) | nindent 4 }}
- match:
    {{ .kind }}: {{ .path }}
  route:
    {{- include "gateway.action" (merge (dict "retryOn" "connect-failure,refused-stream,reset-before-request") .) | nindent 4 }}
{{- end -}}

{{- define "gateway.action" -}}
cluster: {{ .service }}
timeout: {{ get .ctx.root.Values.timeoutSeconds .service | int }}s
{{- with .rewrite }}
prefix_rewrite: {{ . }}
{{- end }}
retry_policy:
  retry_on: {{ .retryOn }}
  num_retries: 2
  retry_back_off:
    base_interval: 0.025s
    max_interval: 0.25s
{{- end -}}
