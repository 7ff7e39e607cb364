{{- /* What all pods have in common. Takes a context. */}}
{{- define "service.podSettings" -}}
{{- $values := .root.Values -}}
serviceAccountName: {{ .serviceAccount | default (include "service.fullname" .) }}
automountServiceAccountToken: false
# Kubernetes' own variables for each Service of the namespace could be taken for ours.
enableServiceLinks: false
{{- with $values.global.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with $values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
{{- end -}}

{{- /* Prefer to spread the pods of one release over zones and nodes; a small cluster still runs them all. */}}
{{- define "service.topologySpread" -}}
{{- $ctx := . -}}
{{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
- topologyKey: {{ . }}
  maxSkew: 1
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels:
      {{- include "service.selectorLabels" $ctx | nindent 6 }}
  matchLabelKeys:
    - pod-template-hash
{{- end }}
{{- end -}}

{{- /* Image and security of a container. Takes a context. */}}
{{- define "service.containerSettings" -}}
image: {{ include "service.image" . | quote }}
imagePullPolicy: {{ .root.Values.global.imagePullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop:
      - ALL
{{- end -}}

{{- define "service.tmpVolume" -}}
- name: tmp
  emptyDir:
    sizeLimit: 64Mi
{{- end -}}

{{- define "service.tmpMount" -}}
- name: tmp
  mountPath: /tmp
{{- end -}}

{{- /* Environment from secrets. Takes a list of (dict "name" "secret" "key"). */}}
{{- define "service.secretEnv" -}}
{{- range . }}
- name: {{ .name }}
  valueFrom:
    secretKeyRef:
      name: {{ .secret }}
      key: {{ .key }}
{{- end }}
{{- end -}}
