{{- define "rabbitmq.statefulSet" -}}
{{- $values := .root.Values -}}
apiVersion: apps/v1
kind: StatefulSet
metadata:
  {{- include "service.metadata" (dict "ctx" . "wave" 20) | nindent 2 }}
spec:
  replicas: {{ int $values.replicas }}
  revisionHistoryLimit: 3
  serviceName: {{ include "rabbitmq.domain" . }}
  # All at once: a node of a cluster may wait for the others before it is ready.
  podManagementPolicy: Parallel
  selector:
    matchLabels:
      {{- include "service.selectorLabels" . | nindent 6 }}
  # The messages outlive the shop; who wants them gone deletes the claims.
  persistentVolumeClaimRetentionPolicy:
    whenDeleted: Retain
    whenScaled: Retain
  template:
    metadata:
      labels:
        {{- include "service.podLabels" . | nindent 8 }}
      annotations:
        {{- with $values.podAnnotations }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
        checksum/config: {{ print (include "rabbitmq.conf" .) (include "rabbitmq.topology" .) | sha256sum }}
    spec:
      {{- include "service.podSettings" . | nindent 6 }}
      {{- if gt (int $values.replicas) 1 }}
      topologySpreadConstraints:
        {{- include "rabbitmq.spread" . | trim | nindent 8 }}
      {{- end }}
      terminationGracePeriodSeconds: 60
      containers:
        - {{- include "rabbitmq.container" . | nindent 10 }}
      volumes:
        {{- include "rabbitmq.volumes" . | nindent 8 }}
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

{{- define "rabbitmq.spread" -}}
{{- $ctx := . -}}
{{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
- topologyKey: {{ . }}
  maxSkew: 1
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels:
      {{- include "service.selectorLabels" $ctx | nindent 6 }}
{{- end }}
{{- end -}}

{{- define "rabbitmq.container" -}}
name: rabbitmq
{{- include "service.containerSettings" . | nindent 0 }}
ports:
  - name: amqp
    containerPort: 5672
    protocol: TCP
  - name: epmd
    containerPort: 4369
    protocol: TCP
  - name: nodes
    containerPort: 25672
    protocol: TCP
  - name: metrics
    containerPort: 15692
    protocol: TCP
env:
  - name: POD_NAME
    valueFrom:
      fieldRef:
        apiVersion: v1
        fieldPath: metadata.name
  - name: RABBITMQ_NODENAME
    value: rabbit@$(POD_NAME).{{ include "rabbitmq.domain" . }}
  - name: RABBITMQ_USE_LONGNAME
    value: "true"
  - name: ERLANG_COOKIE_FILE
    value: /etc/rabbitmq/secret/erlang-cookie
# By TCP: Erlang's own tools take half a second of CPU each time. The port opens when definitions are imported.
startupProbe:
  {{- include "rabbitmq.probe" . | nindent 2 }}
  periodSeconds: 2
  failureThreshold: 450
livenessProbe:
  {{- include "rabbitmq.probe" . | nindent 2 }}
  periodSeconds: 10
  failureThreshold: 6
readinessProbe:
  {{- include "rabbitmq.probe" . | nindent 2 }}
  periodSeconds: 5
  failureThreshold: 2
resources:
  {{- include "service.resources" .root.Values.resources | trim | nindent 2 }}
volumeMounts:
  - name: data
    mountPath: /var/lib/rabbitmq
  - name: config
    mountPath: /etc/rabbitmq/conf.d
    readOnly: true
  - name: definitions
    mountPath: /etc/rabbitmq/definitions.d
    readOnly: true
  - name: cookie
    mountPath: /etc/rabbitmq/secret
    readOnly: true
  {{- include "service.tmpMount" . | nindent 2 }}
{{- end -}}

{{- define "rabbitmq.probe" -}}
tcpSocket:
  port: amqp
timeoutSeconds: 5
{{- end -}}

{{- define "rabbitmq.volumes" -}}
{{- $name := include "service.fullname" . -}}
{{- $secret := .root.Values.secretName | default $name -}}
{{ include "service.tmpVolume" . }}
- name: config
  configMap:
    name: {{ $name }}
    defaultMode: 292 # 0444
    items:
      - key: rabbitmq.conf
        path: shop.conf
- name: definitions
  projected:
    defaultMode: 288 # 0440
    sources:
      - configMap:
          name: {{ $name }}
          items:
            - key: topology.json
              path: topology.json
      - secret:
          name: {{ $secret }}
          items:
            - key: users.json
              path: users.json
- name: cookie
  secret:
    secretName: {{ $secret }}
    defaultMode: 288 # 0440
    items:
      - key: erlang-cookie
        path: erlang-cookie
{{- end -}}
