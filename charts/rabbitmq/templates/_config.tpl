{{- /* The host names of the nodes: long names to Erlang, completed by the pods' search domain. */}}
{{- define "rabbitmq.domain" -}}
{{ include "service.fullname" . }}-nodes
{{- end -}}

{{- /* What differs from shop to shop; the image brings the rest. */}}
{{- define "rabbitmq.conf" -}}
{{- $values := .root.Values -}}
{{- $name := include "service.fullname" . -}}
cluster_name = {{ include "service.shop" .root }}
# The nodes are known, so no API is asked for them.
cluster_formation.peer_discovery_backend = classic_config
{{- range $index := until (int $values.replicas) }}
cluster_formation.classic_config.nodes.{{ add1 $index }} = rabbit@{{ $name }}-{{ $index }}.{{ include "rabbitmq.domain" $ }}
{{- end }}
cluster_partition_handling = pause_minority
# Queues get replicas on nodes that came after them.
quorum_queue.continuous_membership_reconciliation.enabled = true
quorum_queue.continuous_membership_reconciliation.target_group_size = {{ int $values.replicas }}
quorum_queue.continuous_membership_reconciliation.interval = 60000
vm_memory_high_watermark.absolute = {{ $values.memoryHighWatermark }}
disk_free_limit.absolute = {{ $values.diskFreeLimit }}
{{- end -}}

{{- /* Exchanges, queues and bindings, made from what the services declare. */}}
{{- define "rabbitmq.topology" -}}
{{ .root.Files.Get "files/topology.json" | trim | default "{}" }}
{{- end -}}

{{- define "rabbitmq.configMap" -}}
apiVersion: v1
kind: ConfigMap
metadata:
  {{- include "service.metadata" (dict "ctx" . "wave" 10) | nindent 2 }}
data:
  rabbitmq.conf: |
    {{- include "rabbitmq.conf" . | nindent 4 }}
  topology.json: |
    {{- include "rabbitmq.topology" . | nindent 4 }}
{{- end -}}
