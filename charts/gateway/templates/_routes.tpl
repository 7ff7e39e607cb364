{{- /*
What clients may call, by service; all below /api/v1. A path is a `page`, or a `tree` with all that is below it; `short`
ones work without /api/v1 as well. `access` says who gets through to the service: `public` is everybody, `token` is who
has an access token, `read` is everybody for reading and who has a token for the rest; roles are the services' business.
Paths of `limit: credentials` have the stricter rate limit. The first match counts.
*/}}
{{- define "gateway.api" -}}
users:
  - {path: register, kind: page, access: public, short: true, limit: credentials}
  - {path: login, kind: page, access: public, short: true, limit: credentials}
  - {path: token/refresh, kind: page, access: public, limit: credentials}
  - {path: oauth/token, kind: page, access: public, limit: credentials}
  - {path: logout, kind: page, access: public}
  - {path: users, kind: tree, access: token, short: true}
  - {path: api-keys, kind: tree, access: token}
products:
  - {path: categories, kind: page, access: read}
  - {path: products/import, kind: page, access: token, short: true, import: true}
  - {path: products, kind: tree, access: read, short: true}
inventory:
  - {path: "inventory/[^/]+/movements", kind: pattern, access: token, short: true}
  - {path: inventory, kind: tree, access: read, short: true}
orders:
  - {path: cart, kind: page, access: token}
  - {path: orders, kind: tree, access: token, short: true}
payments:
  - {path: payments/webhook, kind: page, access: public}
  - {path: payments, kind: tree, access: token}
notifications:
  - {path: notifications, kind: tree, access: token}
{{- end -}}

{{- /* Pages of the storefront whose forms carry passwords. */}}
{{- define "gateway.forms" -}}
[/sign-in, /sign-up]
{{- end -}}

{{- define "gateway.routes" -}}
name: shop
# Headers of ours stay what they are, whatever a client sends.
request_headers_to_remove:
  - x-forwarded-client-cert
virtual_hosts:
  - name: shop
    domains:
      - "*"
    # What no service has seen may always be sent again.
    retry_policy:
      {{- include "gateway.retries" "connect-failure,refused-stream,reset-before-request" | nindent 6 }}
    {{- with .root.Values.cors.allowOrigins }}
    typed_per_filter_config:
      envoy.filters.http.cors:
        {{- include "gateway.cors" . | nindent 8 }}
    {{- end }}
    routes:
      {{- include "gateway.refused" . | nindent 6 }}
      {{- include "gateway.routePair" (dict "ctx" . "service" "users" "access" "public" "match" (dict "path" "/.well-known/jwks.json")) | nindent 6 }}
      {{- range $service, $paths := include "gateway.api" . | fromYaml }}
      {{- range $entry := $paths }}
      {{- $route := merge (dict "ctx" $ "service" $service) $entry }}
      {{- include "gateway.route" (merge (dict "prefix" "/api/v1/") $route) | nindent 6 }}
      {{- if $entry.short }}
      {{- include "gateway.route" (merge (dict "prefix" "/") $route) | nindent 6 }}
      {{- end }}
      {{- end }}
      {{- end }}
      {{- include "gateway.hidden" . | nindent 6 }}
      {{- range include "gateway.forms" . | fromYamlArray }}
      {{- include "gateway.routePair" (dict "ctx" $ "service" "storefront" "access" "public" "limit" "credentials" "match" (dict "path" .)) | nindent 6 }}
      {{- end }}
      # All else is for the eyes of shoppers, and so is the page that says that there is none.
      {{- include "gateway.routePair" (dict "ctx" . "service" "storefront" "access" "public" "match" (dict "prefix" "/")) | nindent 6 }}
{{- end -}}

{{- /* Spellings that another program might read as another path: parameters of segments, and what is escaped for no good reason. */}}
{{- define "gateway.refused" -}}
# No proxy to elsewhere. Without a route for it Envoy would wait for the end of a body that has none.
- name: refused
  match:
    connect_matcher: {}
  direct_response:
    status: 403
- name: refused
  match:
    safe_regex:
      regex: ".*([;\\\\]|%([0-3]|5[cC]|7[fF]|.?$|[^0-9A-Fa-f]|.[^0-9A-Fa-f])).*"
  direct_response:
    status: 400
# Two Host headers come as one with a comma.
- name: refused
  match:
    prefix: /
    headers:
      - name: ":authority"
        invert_match: true
        string_match:
          safe_regex:
            regex: "([A-Za-z0-9._-]+|\\[[0-9A-Fa-f:.]+\\])(:[0-9]{1,5})?"
  direct_response:
    status: 400
{{- end -}}

{{- /* What is not for clients: other paths of the API, and what the storefront's own server says of itself. */}}
{{- define "gateway.hidden" -}}
{{- range list "/api" "/internal" "/.well-known" "/livez" "/readyz" "/metrics" "/openapi.json" "/docs" }}
- name: hidden
  match:
    path_separated_prefix: {{ . }}
  direct_response:
    status: 404
{{- end }}
{{- end -}}

{{- /* One path of the API, with its prefix `/api/v1/` or `/`; without the former the service still gets it. */}}
{{- define "gateway.route" -}}
{{- $path := printf "%s%s" .prefix .path -}}
{{- $first := splitList "/" .path | first -}}
{{- $route := merge (dict) . -}}
{{- if eq .kind "pattern" -}}
{{- $_ := set $route "match" (dict "safe_regex" (dict "regex" $path)) -}}
{{- else -}}
{{- $_ := set $route "match" (dict (ternary "path" "path_separated_prefix" (eq .kind "page")) $path) -}}
{{- end -}}
{{- if eq .prefix "/" -}}
{{- if eq .kind "pattern" -}}
{{- $_ := set $route "rewrite" (dict "regex_rewrite" (dict "pattern" (dict "regex" (printf "^/%s" $first)) "substitution" (printf "/api/v1/%s" $first))) -}}
{{- else -}}
{{- $_ := set $route "rewrite" (dict "prefix_rewrite" (printf "/api/v1/%s" .path)) -}}
{{- end -}}
{{- end -}}
{{- include "gateway.routePair" $route -}}
{{- end -}}

{{- /*
Two routes for a path, since what is safe to try again depends on the method: a request that no service has seen always
is, one that was lost on the way only if it reads. Takes (dict "ctx" "service" "access" "match"), optionally with
"rewrite", "limit" and "import".
*/}}
{{- define "gateway.routePair" -}}
{{- $reads := list (dict "name" ":method" "string_match" (dict "safe_regex" (dict "regex" "GET|HEAD"))) -}}
- name: {{ .service }}
  match:
    {{- toYaml (merge (dict "headers" $reads) .match) | nindent 4 }}
  {{- include "gateway.perFilter" (dict "token" (eq .access "token")) | trim | nindent 2 }}
  route:
    {{- include "gateway.action" . | nindent 4 }}
    retry_policy:
      {{- include "gateway.retries" "connect-failure,refused-stream,reset-before-request,reset" | nindent 6 }}
      {{- if eq .service "storefront" }}
      {{- include "gateway.otherPod" . | nindent 6 }}
      {{- end }}
- name: {{ .limit | default .service }}
  match:
    {{- toYaml .match | nindent 4 }}
  {{- $body := ternary .ctx.root.Values.limits.importBytes 0 (.import | default false) | int64 }}
  {{- include "gateway.perFilter" (dict "token" (ne .access "public") "body" $body) | trim | nindent 2 }}
  {{- with .limit }}
  metadata:
    filter_metadata:
      shopkeeper:
        limit: {{ . }}
  {{- end }}
  route:
    {{- include "gateway.action" . | nindent 4 }}
    {{- if eq .service "storefront" }}
    retry_policy:
      {{- include "gateway.retries" "connect-failure,refused-stream,reset-before-request" | nindent 6 }}
      {{- include "gateway.otherPod" . | nindent 6 }}
    {{- end }}
{{- end -}}

{{- /* What the filters make of a route: whether it needs a token, and which body it takes. */}}
{{- define "gateway.perFilter" -}}
{{- if or .token .body }}
typed_per_filter_config:
  {{- if .token }}
  envoy.filters.http.jwt_authn:
    "@type": type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.PerRouteConfig
    requirement_name: token
  {{- end }}
  {{- with .body }}
  envoy.filters.http.buffer:
    "@type": type.googleapis.com/envoy.extensions.filters.http.buffer.v3.BufferPerRoute
    buffer:
      max_request_bytes: {{ . }}
  {{- end }}
{{- end }}
{{- end -}}

{{- define "gateway.action" -}}
cluster: {{ .service }}
# The service learns of it by the header x-envoy-expected-rq-timeout-ms, and works no longer.
timeout: {{ get .ctx.root.Values.timeoutSeconds (ternary "imports" .service (.import | default false)) | int }}s
{{- with .rewrite }}
{{ toYaml . }}
{{- end }}
{{- if eq .service "storefront" }}
# A browser that is signed in stays with one pod, which renews its tokens once for all its requests of a moment.
hash_policy:
  - cookie:
      name: __Host-account
    terminal: true
  - cookie:
      name: account
{{- end }}
{{- end -}}

{{- define "gateway.otherPod" -}}
retry_host_predicate:
  - name: envoy.retry_host_predicates.previous_hosts
    typed_config:
      "@type": type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate
host_selection_retry_max_attempts: 16
{{- end -}}

{{- /* Takes the conditions. */}}
{{- define "gateway.retries" -}}
retry_on: {{ . }}
num_retries: 2
retry_back_off:
  base_interval: 0.025s
  max_interval: 0.25s
{{- end -}}
