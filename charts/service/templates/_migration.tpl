{{- /*
The migration of a service's database. Its pods bear another name than the service's, or the Service would send them
requests. Takes the migration's context, which has the service's as "service".
*/}}
{{- define "service.migrationSpec" -}}
# About ten minutes of attempts: without the operator nobody waits for the database before.
backoffLimit: 6
template:
  metadata:
    labels:
      {{- include "service.podLabels" . | nindent 6 }}
    {{- with .root.Values.podAnnotations }}
    annotations:
      {{- toYaml . | nindent 6 }}
    {{- end }}
  spec:
    {{- include "service.podSettings" . | nindent 4 }}
    # The pod of a failed attempt stays, and so does its log.
    restartPolicy: Never
    containers:
      - name: migrate
        {{- include "service.containerSettings" . | nindent 8 }}
        command:
          - python
          - -m
          - shopkit
          - migrate
          - {{ .service.part }}
        envFrom:
          - configMapRef:
              name: {{ include "service.fullname" .service }}
        env:
          {{- $owner := dict "name" "DATABASE_URL" "secret" (include "service.databaseOwnerSecret" .service) "key" "uri" }}
          {{- $role := dict "name" "DATABASE_RUNTIME_ROLE" "secret" (include "service.databaseSecret" .service) "key" "username" }}
          {{- $shared := include "service.shopSecrets" (dict "ctx" . "secrets" .service.migrationSecrets) | fromYamlArray }}
          {{- include "service.secretEnv" (concat (list $owner $role) $shared) | trim | nindent 10 }}
        resources:
          {{- include "service.resources" .root.Values.migration.resources | trim | nindent 10 }}
        volumeMounts:
          {{- include "service.tmpMount" . | nindent 10 }}
    volumes:
      {{- include "service.tmpVolume" . | nindent 6 }}
{{- end -}}

{{- /* A Job cannot be changed: its name holds the hash of its spec, so that another image is another Job. */}}
{{- define "service.migrationJob" -}}
{{- $spec := include "service.migrationSpec" . -}}
{{- $name := printf "%s-%s" (include "service.fullname" .) ($spec | fromYaml | toJson | sha256sum | trunc 8) -}}
apiVersion: batch/v1
kind: Job
metadata:
  {{- include "service.metadata" (dict "ctx" . "wave" 40 "name" $name) | nindent 2 }}
spec:
  {{- $spec | nindent 2 }}
{{- end -}}

{{- define "service.migrationNetworkPolicy" -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  {{- include "service.metadata" (dict "ctx" . "wave" 10) | nindent 2 }}
spec:
  podSelector:
    matchLabels:
      {{- include "service.selectorLabels" . | nindent 6 }}
  policyTypes:
    - Ingress
    - Egress
  egress:
    {{- include "service.egressToDNS" . | nindent 4 }}
    {{- include "service.egressToDatabase" . | nindent 4 }}
{{- end -}}
