{{- define "shop-operator.selectorLabels" -}}
app.kubernetes.io/name: shop-operator
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "shop-operator.labels" -}}
{{ include "shop-operator.selectorLabels" . }}
app.kubernetes.io/part-of: shopkeeper
app.kubernetes.io/component: operator
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/version: {{ include "shop-operator.tag" . | quote }}
{{- end -}}

{{- define "shop-operator.tag" -}}
{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}

{{- define "shop-operator.image" -}}
{{- $image := .Values.image -}}
{{- $name := empty $image.registry | ternary $image.repository (printf "%s/%s" ($image.registry | trimSuffix "/") $image.repository) -}}
{{- empty $image.digest | ternary (printf "%s:%s" $name (include "shop-operator.tag" .)) (printf "%s@%s" $name $image.digest) -}}
{{- end -}}

{{- /* Metadata of an object of the operator itself. Takes the root. */}}
{{- define "shop-operator.metadata" -}}
name: {{ .Release.Name }}
namespace: {{ .Release.Namespace }}
labels:
  {{- include "shop-operator.labels" . | nindent 2 }}
{{- end -}}

{{- /* What the operator does in the namespaces of Shops, and nothing else. */}}
{{- define "shop-operator.rules" -}}
# Shops: read, hold by the finalizer, report.
- apiGroups: [shopkeeper.dev]
  resources: [shops]
  verbs: [list, watch, patch]
- apiGroups: [shopkeeper.dev]
  resources: [shops/status]
  verbs: [patch]
# What a Shop consists of. A first server-side apply needs create; get tells whether a name is somebody else's.
- apiGroups: [""]
  resources: [configmaps, serviceaccounts, services]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [apps]
  resources: [deployments, statefulsets]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [batch]
  resources: [jobs]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [autoscaling]
  resources: [horizontalpodautoscalers]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [networking.k8s.io]
  resources: [networkpolicies]
  verbs: [get, list, watch, create, patch, delete]
# Secrets are generated once; patch renews certificates and the broker's accounts, get reads those that a Shop names.
- apiGroups: [""]
  resources: [secrets]
  verbs: [get, list, watch, create, patch, delete]
# The volume of a database grows by patch, and goes with deletionPolicy Delete.
- apiGroups: [""]
  resources: [persistentvolumeclaims]
  verbs: [list, watch, patch, delete]
# What keeps a Shop from being ready: its pods, what Kubernetes says of them, and the last lines of what failed.
- apiGroups: [""]
  resources: [pods]
  verbs: [list]
- apiGroups: [""]
  resources: [pods/log]
  verbs: [get]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [list, create]
{{- end -}}
