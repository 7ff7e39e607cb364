{{- /* Environment that comes from secrets, from other values, or that other objects rely on. */}}
{{- define "service.reserved" -}}
ADMIN_EMAIL ADMIN_PASSWORD CURRENCY DATABASE_POOL_SIZE DATABASE_RUNTIME_ROLE DATABASE_URL HTTP_PORT HTTP_THREADS INTERNAL_TOKEN JWT_ISSUER JWT_SIGNING_KEY METRICS_PORT SERVER SHOP SHUTDOWN_DRAIN_SECONDS SHUTDOWN_GRACE_SECONDS
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
  "DATABASE_POOL_SIZE" ($values.database.poolSize | int | toString)
  "DATABASE_POOL_TIMEOUT_SECONDS" "2"
  "DATABASE_STATEMENT_TIMEOUT_SECONDS" "5"
  "SHUTDOWN_DRAIN_SECONDS" "2"
  "SHUTDOWN_GRACE_SECONDS" "20"
  "SHOP" $shop
  "CURRENCY" $values.global.currency
  "JWT_ISSUER" (printf "shopkeeper/%s/%s" .root.Release.Namespace $shop) -}}
{{- range include "service.calls" . | fromYamlArray -}}
{{- $_ := set $config (printf "%s_URL" (upper .)) (printf "http://%s-%s" $shop .) -}}
{{- end -}}
{{- range $name, $_ := $values.env -}}
{{- if has $name (include "service.reserved" . | splitList " ") -}}
{{- fail (printf "%s: env.%s is set by the chart" $part $name) -}}
{{- end -}}
{{- end -}}
{{- toYaml (mergeOverwrite $config $values.env) -}}
{{- end -}}

{{- define "service.databaseSecret" -}}
{{ .root.Values.database.secretName | default (printf "%s-db" (include "service.fullname" .)) }}
{{- end -}}

{{- define "service.databaseOwnerSecret" -}}
{{ .root.Values.database.ownerSecretName | default (printf "%s-db-owner" (include "service.fullname" .)) }}
{{- end -}}

{{- /* The shop's shared secrets: "jwt" -> demo-jwt. Takes a context and its list of (dict "name" "secret" "key"). */}}
{{- define "service.shopSecrets" -}}
{{- $shop := include "service.shop" .ctx.root -}}
{{- range .secrets }}
- name: {{ .name }}
  secret: {{ $shop }}-{{ .secret }}
  key: {{ .key }}
{{- end }}
{{- end -}}

{{- define "service.pod" -}}
# preStop (5 s) + SHUTDOWN_DRAIN_SECONDS (2 s) + SHUTDOWN_GRACE_SECONDS (20 s) and a little more.
terminationGracePeriodSeconds: 30
containers:
  - name: {{ .part }}
    {{- include "service.containerSettings" . | nindent 4 }}
    ports:
      - name: http
        containerPort: 8080
        protocol: TCP
      - name: metrics
        containerPort: 9090
        protocol: TCP
    envFrom:
      - configMapRef:
          name: {{ include "service.fullname" . }}
    env:
      {{- $database := dict "name" "DATABASE_URL" "secret" (include "service.databaseSecret" .) "key" "uri" }}
      {{- $shared := include "service.shopSecrets" (dict "ctx" . "secrets" .secrets) | fromYamlArray }}
      {{- include "service.secretEnv" (prepend $shared $database) | trim | nindent 6 }}
    # Python starts slowly where many pods start at once: two minutes, then the container is started again.
    startupProbe:
      httpGet:
        path: /livez
        port: http
      periodSeconds: 1
      timeoutSeconds: 2
      failureThreshold: 120
    livenessProbe:
      httpGet:
        path: /livez
        port: http
      periodSeconds: 10
      timeoutSeconds: 5
      failureThreshold: 6
    readinessProbe:
      httpGet:
        path: /readyz
        port: http
      periodSeconds: 3
      timeoutSeconds: 3
      failureThreshold: 2
    lifecycle:
      # Until everyone knows that this pod goes, it still answers.
      preStop:
        sleep:
          seconds: 5
    resources:
      {{- include "service.resources" .root.Values.resources | trim | nindent 6 }}
    volumeMounts:
      {{- include "service.tmpMount" . | nindent 6 }}
volumes:
  {{- include "service.tmpVolume" . | nindent 2 }}
{{- end -}}

{{- define "service.deployment" -}}
{{- include "service.rollout" (dict
  "ctx" . "wave" 50
  "config" (include "service.config" . | fromYaml)
  "pod" (include "service.pod" .)) }}
{{- end -}}

{{- define "service.configMap" -}}
apiVersion: v1
kind: ConfigMap
metadata:
  {{- include "service.metadata" (dict "ctx" . "wave" 10) | nindent 2 }}
data:
  {{- include "service.config" . | nindent 2 }}
{{- end -}}
