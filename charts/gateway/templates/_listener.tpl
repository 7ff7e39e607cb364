{{- define "gateway.publicListener" -}}
- name: http
  address:
    socket_address:
      address: 0.0.0.0
      port_value: 8080
  per_connection_buffer_limit_bytes: 32768
  filter_chains:
    - filters:
        - name: envoy.filters.network.http_connection_manager
          typed_config:
            "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
            stat_prefix: gateway
            server_name: shopkeeper
            {{- include "gateway.edge" . | nindent 12 }}
            http_filters:
              {{- include "gateway.filters" . | nindent 14 }}
            route_config:
              {{- include "gateway.routes" . | nindent 14 }}
            local_reply_config:
              {{- include "gateway.problems" . | nindent 14 }}
            access_log:
              {{- include "gateway.accessLog" . | nindent 14 }}
{{- end -}}

{{- /* What Envoy's documentation asks of a proxy that faces clients nobody knows. */}}
{{- define "gateway.edge" -}}
# One path has one spelling, so that no route is reached in disguise.
normalize_path: true
merge_slashes: true
path_with_escaped_slashes_action: REJECT_REQUEST
# Clients do not say who they are: the address is the connection's, the request id is ours.
use_remote_address: true
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

{{- /* In the order in which a request passes them. */}}
{{- define "gateway.filters" -}}
- name: envoy.filters.http.buffer
  typed_config:
    "@type": type.googleapis.com/envoy.extensions.filters.http.buffer.v3.Buffer
    max_request_bytes: {{ int64 .root.Values.limits.bodyBytes }}
- name: envoy.filters.http.router
  typed_config:
    "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
{{- end -}}

{{- /* One JSON object a request on standard output; no query, no headers that could hold secrets. */}}
{{- define "gateway.accessLog" -}}
- name: envoy.access_loggers.stdout
  typed_config:
    "@type": type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog
    log_format:
      json_format:
        time: "%START_TIME%"
        shop: {{ include "service.shop" .root }}
        request_id: "%REQ(X-REQUEST-ID)%"
        client: "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"
        method: "%REQ(:METHOD)%"
        path: "%PATH(NQ:ORIG_OR_PATH)%"
        protocol: "%PROTOCOL%"
        status: "%RESPONSE_CODE%"
        reason: "%RESPONSE_CODE_DETAILS%"
        flags: "%RESPONSE_FLAGS%"
        service: "%UPSTREAM_CLUSTER%"
        upstream: "%UPSTREAM_HOST%"
        attempts: "%UPSTREAM_REQUEST_ATTEMPT_COUNT%"
        duration_ms: "%DURATION%"
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
