{{- define "postgres.statefulSet" -}}
{{- $values := .root.Values -}}
apiVersion: apps/v1
kind: StatefulSet
metadata:
  {{- include "service.metadata" (dict "ctx" . "wave" 20) | nindent 2 }}
spec:
  replicas: 1
  revisionHistoryLimit: 3
  serviceName: {{ include "service.fullname" . }}
  selector:
    matchLabels:
      {{- include "service.selectorLabels" . | nindent 6 }}
  # The data outlives the shop; who wants it gone deletes the claim.
  persistentVolumeClaimRetentionPolicy:
    whenDeleted: Retain
    whenScaled: Retain
  template:
    metadata:
      labels:
        {{- include "service.podLabels" . | nindent 8 }}
      {{- with $values.podAnnotations }}
      annotations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
    spec:
      {{- include "service.podSettings" . | nindent 6 }}
      # SIGINT, the image's stop signal: PostgreSQL ends its sessions and writes a last checkpoint.
      terminationGracePeriodSeconds: 60
      containers:
        - {{- include "postgres.container" . | nindent 10 }}
      volumes:
        {{- include "service.tmpVolume" . | nindent 8 }}
        - name: run
          emptyDir:
            sizeLimit: 16Mi
        - name: password
          secret:
            secretName: {{ $values.secretName | default (include "service.fullname" .) }}
            defaultMode: 288 # 0440
            items:
              - key: password
                path: password
  volumeClaimTemplates:
    - apiVersion: v1
      kind: PersistentVolumeClaim
      metadata:
        name: data
        labels:
          {{- include "service.volumeLabels" . | nindent 10 }}
      spec:
        accessModes:
          - ReadWriteOnce
        {{- with $values.storage.className }}
        storageClassName: {{ . }}
        {{- end }}
        resources:
          requests:
            storage: {{ include "service.bytes" $values.storage.size | quote }}
{{- end -}}

{{- define "postgres.container" -}}
{{- $values := .root.Values -}}
name: postgres
{{- include "service.containerSettings" . | nindent 0 }}
args:
  {{- range $name, $value := dict
    "max_connections" (int $values.maxConnections)
    "password_encryption" "scram-sha-256"
    "shared_buffers" $values.sharedBuffers }}
  - -c
  - {{ $name }}={{ $value }}
  {{- end }}
ports:
  - name: postgres
    containerPort: 5432
    protocol: TCP
env:
  - name: POSTGRES_PASSWORD_FILE
    value: /etc/postgres/secret/password
  - name: PGDATA
    value: /var/lib/postgresql/data/pgdata
# Crash recovery may take long, and a killed recovery starts again from the beginning: half an hour.
startupProbe:
  {{- include "postgres.probe" . | nindent 2 }}
  periodSeconds: 2
  failureThreshold: 900
livenessProbe:
  {{- include "postgres.probe" . | nindent 2 }}
  periodSeconds: 10
  failureThreshold: 6
readinessProbe:
  {{- include "postgres.probe" . | nindent 2 }}
  periodSeconds: 5
  failureThreshold: 2
resources:
  {{- include "service.resources" $values.resources | trim | nindent 2 }}
volumeMounts:
  - name: data
    mountPath: /var/lib/postgresql/data
  - name: run
    mountPath: /var/run/postgresql
  - name: password
    mountPath: /etc/postgres/secret
    readOnly: true
  {{- include "service.tmpMount" . | nindent 2 }}
{{- end -}}

{{- /* Over TCP: while the image makes the database, its server listens on the socket only. */}}
{{- define "postgres.probe" -}}
exec:
  command:
    - pg_isready
    - --quiet
    - --host=127.0.0.1
    - --username=postgres
    - --timeout=3
timeoutSeconds: 5
{{- end -}}
