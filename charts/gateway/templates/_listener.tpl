{{- /*
The public listeners: HTTP, and HTTPS while TLS is on. Both do the same; what they share is written once, as a YAML
anchor. With `tls.redirect` HTTP only leads to HTTPS.
*/}}
{{- define "gateway.publicListeners" -}}
{{- $tls := .root.Values.tls -}}
{{- $redirect := and $tls.enabled $tls.redirect -}}
- name: http
  {{- include "gateway.address" 8080 | nindent 2 }}
  filter_chains:
    - filters:
        - {{- include "gateway.manager" (dict "ctx" . "name" "http" "redirect" $redirect "first" (not $redirect)) | nindent 10 }}
{{- if $tls.enabled }}
- name: https
  {{- include "gateway.address" 8443 | nindent 2 }}
  filter_chains:
    - transport_socket_connect_timeout: 10s
      transport_socket:
        {{- include "gateway.tls" . | nindent 8 }}
      filters:
        - {{- include "gateway.manager" (dict "ctx" . "name" "https" "tls" true "first" $redirect) | nindent 10 }}
{{- end }}
{{- end -}}

{{- /* Takes the port. */}}
{{- define "gateway.address" -}}
address:
  socket_address:
    address: 0.0.0.0
    port_value: {{ . }}
per_connection_buffer_limit_bytes: 32768
{{- end -}}

{{- /* One listener's HTTP; the first one spells out the routes. */}}
{{- define "gateway.manager" -}}
name: envoy.filters.network.http_connection_manager
typed_config:
  "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
  stat_prefix: {{ .name }}
  server_name: shopkeeper
  {{- include "gateway.edge" .ctx | nindent 2 }}
  tracing:
    {{- include "gateway.tracing" .ctx | nindent 4 }}
  http_filters:
    {{- include "gateway.filters" (dict "ctx" .ctx "tls" .tls) | trim | nindent 4 }}
  {{- if .redirect }}
  route_config:
    {{- include "gateway.redirect" .ctx | nindent 4 }}
  {{- else if .first }}
  route_config: &routes
    {{- include "gateway.routes" .ctx | nindent 4 }}
  {{- else }}
  route_config: *routes
  {{- end }}
  {{- if .tls }}
  local_reply_config: *problems
  access_log: *log
  {{- else }}
  local_reply_config: &problems
    {{- include "gateway.problems" .ctx | nindent 4 }}
  access_log: &log
    {{- include "gateway.accessLog" .ctx | nindent 4 }}
  {{- end }}
{{- end -}}

{{- /* What Envoy's documentation asks of a proxy that faces clients nobody knows. */}}
{{- define "gateway.edge" -}}
# One path has one spelling, so that no route is reached in disguise.
normalize_path: true
merge_slashes: true
path_with_escaped_slashes_action: REJECT_REQUEST
# Clients do not say who they are: the address is the connection's, the request id is ours.
use_remote_address: true
xff_num_trusted_hops: {{ int .root.Values.global.trustedProxies }}
internal_address_config:
  cidr_ranges:
    - address_prefix: 127.0.0.1
      prefix_len: 32
always_set_request_id_in_response: true
request_headers_timeout: 10s
request_timeout: 30s
stream_idle_timeout: {{ add 5 (values .root.Values.timeoutSeconds | include "gateway.largest") }}s
max_request_headers_kb: 32
common_http_protocol_options:
  idle_timeout: 60s
  max_headers_count: 100
  headers_with_underscores_action: REJECT_REQUEST
http2_protocol_options:
  max_concurrent_streams: 100
  initial_stream_window_size: 65536
  initial_connection_window_size: 1048576
{{- end -}}

{{- define "gateway.largest" -}}
{{- $largest := 0 -}}
{{- range . -}}
{{- $largest = max $largest (int .) -}}
{{- end -}}
{{ $largest }}
{{- end -}}

{{- /*
A trace begins here, or goes on where the client began it: every service gets a traceparent. Without a receiver of
spans none is made; the trace's id still ties the lines of the logs together.
*/}}
{{- define "gateway.tracing" -}}
{{- $endpoint := .root.Values.global.tracing.endpoint -}}
random_sampling:
  value: {{ ternary .root.Values.global.tracing.samplePercent 0 (ne $endpoint "") }}
# In place of the address with its query, in which there may be anything.
custom_tags:
  - tag: http.url
    value: "%REQ(X-FORWARDED-PROTO)%://%REQ(:AUTHORITY)%%PATH(NQ:ORIG_OR_PATH)%"
provider:
  name: envoy.tracers.opentelemetry
  typed_config:
    "@type": type.googleapis.com/envoy.config.trace.v3.OpenTelemetryConfig
    service_name: gateway
    http_service:
      http_uri:
        uri: {{ $endpoint | default "http://tracing" | trimSuffix "/" }}/v1/traces
        cluster: tracing
        timeout: 2s
{{- end -}}

{{- /* One JSON object a request on standard output; no query, no headers that could hold secrets. */}}
{{- define "gateway.accessLog" -}}
- name: envoy.access_loggers.stdout
  # A connection that ends without a request is no line.
  filter:
    header_filter:
      header:
        name: ":method"
        present_match: true
  typed_config:
    "@type": type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog
    log_format:
      json_format:
        time: "%START_TIME%"
        shop: {{ include "service.shop" .root }}
        request_id: "%REQ(X-REQUEST-ID)%"
        trace_id: "%TRACE_ID%"
        client: "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"
        method: "%REQ(:METHOD)%"
        path: "%PATH(NQ:ORIG_OR_PATH)%"
        protocol: "%PROTOCOL%"
        tls: "%DOWNSTREAM_TLS_VERSION%"
        host: "%REQ(:AUTHORITY)%"
        route: "%ROUTE_NAME%"
        status: "%RESPONSE_CODE%"
        reason: "%RESPONSE_CODE_DETAILS%"
        flags: "%RESPONSE_FLAGS%"
        service: "%UPSTREAM_CLUSTER%"
        upstream: "%UPSTREAM_HOST%"
        attempts: "%UPSTREAM_REQUEST_ATTEMPT_COUNT%"
        duration_ms: "%DURATION%"
        upstream_ms: "%COMMON_DURATION(US_TX_BEG:US_RX_BEG:ms)%"
        bytes_received: "%BYTES_RECEIVED%"
        bytes_sent: "%BYTES_SENT%"
        user_agent: "%REQ(USER-AGENT)%"
{{- end -}}

{{- /* Probes and metrics: three pages, and nothing else of the admin interface. */}}
{{- define "gateway.metricsListener" -}}
- name: metrics
  address:
    socket_address:
      address: 0.0.0.0
      port_value: 9090
  # Must answer when the public listener refuses clients.
  ignore_global_conn_limit: true
  per_connection_buffer_limit_bytes: 32768
  filter_chains:
    - filters:
        - name: envoy.filters.network.http_connection_manager
          typed_config:
            "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
            stat_prefix: metrics
            normalize_path: true
            http_filters:
              - name: envoy.filters.http.router
                typed_config:
                  "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
            route_config:
              virtual_hosts:
                - name: metrics
                  domains:
                    - "*"
                  routes:
                    - match:
                        path: /livez
                      direct_response:
                        status: 200
                    - match:
                        path: /ready
                      route:
                        cluster: admin
                    - match:
                        path: /metrics
                      route:
                        cluster: admin
                        prefix_rewrite: /stats/prometheus
                    - match:
                        prefix: /
                      direct_response:
                        status: 404
{{- end -}}
