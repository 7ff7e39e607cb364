{{- /*
Envoy's configuration. Its parts: the public listener with its filters (_listener.tpl), routes (_routes.tpl), answers
that Envoy itself gives (_problems.tpl), and the clusters, one for each service.
*/}}
{{- define "gateway.envoy" -}}
node:
  id: {{ include "service.fullname" . }}
  cluster: {{ include "service.shop" .root }}
# Reachable from inside the pod only, and not more of it than is needed there.
admin:
  address:
    socket_address:
      address: 127.0.0.1
      port_value: 9901
  allow_paths:
    - exact: /ready
    - prefix: /stats/prometheus
    - exact: /healthcheck/fail
application_log_config:
  log_format:
    json_format:
      time: "%Y-%m-%dT%T.%eZ"
      level: "%l"
      logger: "%n"
      message: "%j"
static_resources:
  listeners:
    {{- include "gateway.publicListeners" . | nindent 4 }}
    {{- include "gateway.metricsListener" . | nindent 4 }}
  clusters:
    {{- range include "service.calls" . | fromYamlArray }}
    {{- include "gateway.cluster" (dict "ctx" $ "service" .) | nindent 4 }}
    {{- end }}
    {{- include "gateway.tracingCluster" .root.Values.global.tracing.endpoint | nindent 4 }}
    - name: admin
      type: STATIC
      connect_timeout: 1s
      load_assignment:
        cluster_name: admin
        endpoints:
          - lb_endpoints:
              - endpoint:
                  address:
                    socket_address:
                      address: 127.0.0.1
                      port_value: 9901
overload_manager:
  {{- include "gateway.overload" . | nindent 2 }}
{{- end -}}

{{- define "gateway.cluster" -}}
{{- $pods := eq .service "storefront" }}
- name: {{ .service }}
  connect_timeout: 1s
  {{- if $pods }}
  # Its name stands for its pods, and each shopper stays with one: see the routes.
  lb_policy: MAGLEV
  cluster_type:
    name: envoy.clusters.dns
    typed_config:
      "@type": type.googleapis.com/envoy.extensions.clusters.dns.v3.DnsCluster
      dns_refresh_rate: 1s
      dns_lookup_family: V4_PREFERRED
  {{- else }}
  type: STRICT_DNS
  dns_lookup_family: V4_PREFERRED
  {{- end }}
  per_connection_buffer_limit_bytes: 32768
  load_assignment:
    cluster_name: {{ .service }}
    endpoints:
      - lb_endpoints:
          - endpoint:
              address:
                socket_address:
                  address: {{ include "service.shop" .ctx.root }}-{{ .service }}{{ if $pods }}-pods{{ end }}
                  port_value: {{ $pods | ternary 8080 80 }}
  # A service that hangs holds so many requests and no more; the next ones get 503 at once.
  circuit_breakers:
    thresholds:
      # More connections than requests: a request that finds none would wait, not be refused.
      - max_connections: {{ mul 2 (int .ctx.root.Values.limits.requestsPerService) }}
        max_pending_requests: {{ int .ctx.root.Values.limits.requestsPerService }}
        max_requests: {{ int .ctx.root.Values.limits.requestsPerService }}
        retry_budget:
          budget_percent:
            value: 20
          min_retry_concurrency: 3
  # Of several addresses up to half may be left out for a while, so the only one, such as a Service's, never is. An
  # answer of 500 is an answer; what counts are connections that fail and answers of proxies between.
  outlier_detection:
    split_external_local_origin_errors: true
    consecutive_local_origin_failure: 5
    consecutive_gateway_failure: 10
    enforcing_consecutive_gateway_failure: 100
    enforcing_consecutive_5xx: 0
    enforcing_success_rate: 0
    enforcing_local_origin_success_rate: 0
    interval: 2s
    base_ejection_time: 5s
    max_ejection_time: 30s
    max_ejection_percent: 50
  typed_extension_protocol_options:
    envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
      "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
      explicit_http_config:
        http_protocol_options: {}
      # A connection stays with the pod that the Service chose for it. Short lives spread the load over new pods, and
      # end before a pod that goes stops listening (its preStop lasts 5 s).
      common_http_protocol_options:
        idle_timeout: 3s
        max_connection_duration: 4s
{{- end -}}

{{- /* The receiver of spans. Takes its base URL; the tracer wants the cluster also where there is none. */}}
{{- define "gateway.tracingCluster" -}}
- name: tracing
  connect_timeout: 1s
  {{- if not . }}
  type: STATIC
  {{- else }}
  type: STRICT_DNS
  dns_lookup_family: V4_PREFERRED
  load_assignment:
    cluster_name: tracing
    endpoints:
      - lb_endpoints:
          - endpoint:
              address:
                socket_address:
                  address: {{ splitList ":" (urlParse .).host | first }}
                  port_value: {{ include "service.tracingPort" . }}
  {{- end }}
{{- end -}}

{{- /* Refuse new work rather than die of it. */}}
{{- define "gateway.overload" -}}
{{- $limits := .root.Values.limits -}}
refresh_interval: 0.25s
resource_monitors:
  - name: envoy.resource_monitors.fixed_heap
    typed_config:
      "@type": type.googleapis.com/envoy.extensions.resource_monitors.fixed_heap.v3.FixedHeapConfig
      max_heap_size_bytes: {{ int64 $limits.heapBytes }}
  - name: envoy.resource_monitors.global_downstream_max_connections
    typed_config:
      "@type": type.googleapis.com/envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig
      max_active_downstream_connections: {{ int64 $limits.connections }}
actions:
  - name: envoy.overload_actions.shrink_heap
    triggers:
      - name: envoy.resource_monitors.fixed_heap
        threshold:
          value: 0.85
  - name: envoy.overload_actions.disable_http_keepalive
    triggers:
      - name: envoy.resource_monitors.fixed_heap
        threshold:
          value: 0.9
  - name: envoy.overload_actions.stop_accepting_requests
    triggers:
      - name: envoy.resource_monitors.fixed_heap
        threshold:
          value: 0.95
{{- end -}}
