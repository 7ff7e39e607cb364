{{- /* The filters in the order in which a request passes them; an answer passes them in the opposite one. */}}
{{- define "gateway.filters" -}}
- name: envoy.filters.http.header_mutation
  typed_config:
    "@type": type.googleapis.com/envoy.extensions.filters.http.header_mutation.v3.HeaderMutation
    mutations:
      response_mutations:
        {{- include "gateway.responseHeaders" . | nindent 8 }}
{{- if .ctx.root.Values.cors.allowOrigins }}
- name: envoy.filters.http.cors
  typed_config:
    "@type": type.googleapis.com/envoy.extensions.filters.http.cors.v3.Cors
{{- end }}
{{- if int .ctx.root.Values.rateLimit.requestsPerMinute }}
- name: envoy.filters.http.local_ratelimit
  typed_config:
    {{- include "gateway.rateLimit" .ctx | nindent 4 }}
{{- end }}
- name: envoy.filters.http.jwt_authn
  typed_config:
    {{- include "gateway.tokens" .ctx | nindent 4 }}
- name: envoy.filters.http.buffer
  typed_config:
    "@type": type.googleapis.com/envoy.extensions.filters.http.buffer.v3.Buffer
    max_request_bytes: {{ int64 .ctx.root.Values.limits.bodyBytes }}
- name: envoy.filters.http.router
  typed_config:
    "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
{{- end -}}

{{- /*
Headers of every answer, whoever gives it: a service's own word counts, but for two. HSTS only means something over TLS.
Takes (dict "ctx" <context> "tls" true).
*/}}
{{- define "gateway.responseHeaders" -}}
{{- if .tls }}
- append:
    header:
      key: strict-transport-security
      value: max-age={{ int64 .ctx.root.Values.tls.hstsSeconds }}
    append_action: OVERWRITE_IF_EXISTS_OR_ADD
{{- end }}
- append:
    header:
      key: x-content-type-options
      value: nosniff
    append_action: OVERWRITE_IF_EXISTS_OR_ADD
{{- range $name, $value := dict
  "content-security-policy" "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
  "referrer-policy" "strict-origin-when-cross-origin"
  "x-frame-options" "DENY" }}
- append:
    header:
      key: {{ $name }}
      value: {{ $value | quote }}
    append_action: ADD_IF_ABSENT
{{- end }}
- remove: x-envoy-upstream-service-time
{{- end -}}

{{- /* Takes the list of origins. */}}
{{- define "gateway.cors" -}}
"@type": type.googleapis.com/envoy.extensions.filters.http.cors.v3.CorsPolicy
allow_origin_string_match:
  {{- range . }}
  - exact: {{ . | quote }}
  {{- end }}
# Tokens travel in a header, so other sites' pages need no cookies of ours, and get none.
allow_methods: GET, HEAD, POST, PUT, PATCH, DELETE
allow_headers: authorization, content-type, idempotency-key, if-match, if-none-match, traceparent
expose_headers: etag, location, retry-after, www-authenticate, x-request-id
max_age: "600"
forward_not_matching_preflights: false
{{- end -}}

{{- /* Requests a minute with passwords or secrets in them. */}}
{{- define "gateway.credentialsPerMinute" -}}
{{- $limit := .root.Values.rateLimit -}}
{{ int $limit.credentialsPerMinute | default (div (int $limit.requestsPerMinute) 10 | max 1) }}
{{- end -}}

{{- define "gateway.rateLimit" -}}
{{- $limit := .root.Values.rateLimit -}}
"@type": type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit
stat_prefix: clients
filter_enabled:
  default_value:
    numerator: 100
filter_enforced:
  default_value:
    numerator: 100
enable_x_ratelimit_headers: DRAFT_VERSION_03
# Buckets of clients that were not seen for long give way to those of new ones.
max_dynamic_descriptors: 10000
# A client is its address; who has an IPv6 network has as many addresses as he likes, so there it is the network.
rate_limits:
  - actions:
      - masked_remote_address:
          v4_prefix_mask_len: 32
          v6_prefix_mask_len: 64
  - actions:
      - metadata:
          descriptor_key: limit
          source: ROUTE_ENTRY
          metadata_key:
            key: shopkeeper
            path:
              - key: limit
      - masked_remote_address:
          v4_prefix_mask_len: 32
          v6_prefix_mask_len: 64
descriptors:
  - entries:
      - key: masked_remote_address
    token_bucket:
      {{- include "gateway.bucket" (int $limit.requestsPerMinute) | nindent 6 }}
  - entries:
      - key: limit
        value: credentials
      - key: masked_remote_address
    token_bucket:
      {{- include "gateway.bucket" (include "gateway.credentialsPerMinute" .) | nindent 6 }}
{{- end -}}

{{- /* Filled evenly over the minute. */}}
{{- define "gateway.bucket" -}}
max_tokens: {{ . }}
tokens_per_fill: {{ . }}
fill_interval: 60s
{{- end -}}

{{- /*
The check of access tokens against the keys that users publishes. Envoy fetches them by itself, not for a request, and
keeps the last ones while it gets no new ones.
*/}}
{{- define "gateway.tokens" -}}
"@type": type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication
providers:
  shop:
    issuer: {{ include "service.issuer" . }}
    audiences:
      - shop
    require_expiration: true
    clock_skew_seconds: 1
    # The service checks the token again.
    forward: true
    # From nowhere else: by default a query parameter would do as well.
    from_headers:
      - name: authorization
        value_prefix: "Bearer "
    remote_jwks:
      http_uri:
        uri: http://{{ include "service.shop" .root }}-users/.well-known/jwks.json
        cluster: users
        timeout: 2s
      cache_duration: {{ int .root.Values.tokens.keysSeconds }}s
      async_fetch:
        failed_refetch_duration: 1s
requirement_map:
  token:
    provider_name: shop
bypass_cors_preflight: true
# What a refusal says stands with the other problems.
strip_failure_response: true
{{- end -}}
