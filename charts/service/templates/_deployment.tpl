{{- define "service.databaseSecret" -}}
{{ .root.Values.database.secretName | default (printf "%s-db" (include "service.fullname" .)) }}
{{- end -}}

{{- define "service.brokerSecret" -}}
{{ .root.Values.messaging.secretName | default (printf "%s-amqp" (include "service.fullname" .)) }}
{{- end -}}

{{- define "service.databaseOwnerSecret" -}}
{{ .root.Values.database.ownerSecretName | default (printf "%s-db-owner" (include "service.fullname" .)) }}
{{- end -}}

{{- /*
Secrets as (dict "name" "secret" "key"): "jwt" is one of the shop's own, demo-jwt; one that is "exact" has the name that
is given. Takes a context and its list.
*/}}
{{- define "service.shopSecrets" -}}
{{- $shop := include "service.shop" .ctx.root -}}
{{- range .secrets }}
- name: {{ .name }}
  secret: {{ .exact | default false | ternary .secret (printf "%s-%s" $shop .secret) }}
  key: {{ .key }}
{{- end }}
{{- end -}}

{{- /* All environment of a service that comes from secrets, as a YAML list. Takes a context. */}}
{{- define "service.podSecrets" -}}
{{- $secrets := include "service.shopSecrets" (dict "ctx" . "secrets" .secrets) | fromYamlArray -}}
{{- if hasKey .root.Values "messaging" -}}
{{- $secrets = prepend $secrets (dict "name" "AMQP_URL" "secret" (include "service.brokerSecret" .) "key" "uri") -}}
{{- end -}}
{{- if hasKey .root.Values "database" -}}
{{- $secrets = prepend $secrets (dict "name" "DATABASE_URL" "secret" (include "service.databaseSecret" .) "key" "uri") -}}
{{- end -}}
{{- include "service.secretEnv" $secrets | trim -}}
{{- end -}}

{{- /* Seconds until no client asks for a pod that goes: those who choose themselves learn of it by DNS, with its caches. */}}
{{- define "service.preStop" -}}
{{ or .grpc .pods | ternary 10 5 }}
{{- end -}}

{{- define "service.pod" -}}
# preStop + SHUTDOWN_DRAIN_SECONDS (2 s) + SHUTDOWN_GRACE_SECONDS (20 s) and a little more.
terminationGracePeriodSeconds: {{ add (include "service.preStop" .) 25 }}
containers:
  - name: {{ .part }}
    {{- include "service.containerSettings" . | nindent 4 }}
    ports:
      - name: http
        containerPort: 8080
        protocol: TCP
      {{- if .grpc }}
      - name: grpc
        containerPort: 8081
        protocol: TCP
      {{- end }}
      - name: metrics
        containerPort: 9090
        protocol: TCP
    envFrom:
      - configMapRef:
          name: {{ include "service.fullname" . }}
    {{- with include "service.podSecrets" . }}
    env:
      {{- . | nindent 6 }}
    {{- end }}
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
          seconds: {{ include "service.preStop" . }}
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
