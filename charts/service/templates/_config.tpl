{{- /* Environment that comes from secrets, from other values, or that other objects rely on. */}}
{{- define "service.reserved" -}}
ADMIN_EMAIL ADMIN_PASSWORD AMQP_URL CURRENCY DATABASE_POOL_SIZE DATABASE_RUNTIME_ROLE DATABASE_URL GRPC_PORT HTTP_PORT HTTP_THREADS INTERNAL_TOKEN JWT_ISSUER JWT_SIGNING_KEY MAIL_FROM METRICS_PORT OTEL_EXPORTER_OTLP_ENDPOINT RECOMMENDATIONS_TARGET SERVER SESSION_KEY SHOP SHOP_URL SHUTDOWN_DRAIN_SECONDS SHUTDOWN_GRACE_SECONDS SMTP_URL TRUSTED_PROXIES
{{- end -}}

{{- /* Settings from the environment that are no secrets, as a YAML map of strings. Takes a context. */}}
{{- define "service.config" -}}
{{- $part := .part -}}
{{- $values := .root.Values -}}
{{- $shop := include "service.shop" .root -}}
{{- $config := dict
  "HTTP_PORT" "8080"
  "METRICS_PORT" "9090"
  "SERVER" $values.server.kind
  "HTTP_THREADS" ($values.server.threads | int | toString)
  "LOG_LEVEL" "INFO"
  "SHUTDOWN_DRAIN_SECONDS" "2"
  "SHUTDOWN_GRACE_SECONDS" "20"
  "SHOP" $shop
  "CURRENCY" $values.global.currency
  "JWT_ISSUER" (include "service.issuer" .) -}}
{{- if hasKey $values "database" -}}
{{- $_ := set $config "DATABASE_POOL_SIZE" ($values.database.poolSize | int | toString) -}}
{{- $_ := set $config "DATABASE_POOL_TIMEOUT_SECONDS" "2" -}}
{{- $_ := set $config "DATABASE_STATEMENT_TIMEOUT_SECONDS" "5" -}}
{{- end -}}
{{- range include "service.calls" . | fromYamlArray -}}
{{- if eq . "recommendations" -}}
{{- $_ := set $config "RECOMMENDATIONS_TARGET" (printf "dns:///%s-%s:8081" $shop .) -}}
{{- else -}}
{{- $_ := set $config (printf "%s_URL" (upper .)) (printf "http://%s-%s" $shop .) -}}
{{- end -}}
{{- end -}}
{{- with $values.global.tracing.endpoint -}}
{{- $_ := set $config "OTEL_EXPORTER_OTLP_ENDPOINT" . -}}
{{- /* Of the traces that begin in the service itself, such as those of its own jobs. */ -}}
{{- $_ := set $config "OTEL_TRACES_SAMPLER_ARG" (divf $values.global.tracing.samplePercent 100.0 | toString) -}}
{{- end -}}
{{- range $name, $_ := $values.env -}}
{{- if has $name (include "service.reserved" . | splitList " ") -}}
{{- fail (printf "%s: env.%s is set by the chart" $part $name) -}}
{{- end -}}
{{- end -}}
{{- toYaml (mergeOverwrite $config .config $values.env) -}}
{{- end -}}

{{- /* Who signs the tokens of a shop. Takes a context. */}}
{{- define "service.issuer" -}}
shopkeeper/{{ .root.Release.Namespace }}/{{ include "service.shop" .root }}
{{- end -}}

{{- /* Proxies that have appended to X-Forwarded-For when a request reaches a service: the gateway, and those before it. */}}
{{- define "service.trustedProxies" -}}
{{ add1 (int .Values.global.trustedProxies) }}
{{- end -}}
