{{- define "rabbitmq.service" -}}
apiVersion: v1
kind: Service
metadata:
  {{- include "service.metadata" (dict "ctx" . "wave" 10) | nindent 2 }}
spec:
  type: ClusterIP
  selector:
    {{- include "service.selectorLabels" . | nindent 4 }}
  ports:
    - name: amqp
      port: 5672
      targetPort: amqp
      protocol: TCP
    - name: metrics
      port: 15692
      targetPort: metrics
      protocol: TCP
{{- end -}}

{{- /* The names of the nodes, which must find each other before they are ready. */}}
{{- define "rabbitmq.nodesService" -}}
apiVersion: v1
kind: Service
metadata:
  {{- include "service.metadata" (dict "ctx" . "wave" 10 "name" (include "rabbitmq.domain" .)) | nindent 2 }}
spec:
  type: ClusterIP
  clusterIP: None
  publishNotReadyAddresses: true
  selector:
    {{- include "service.selectorLabels" . | nindent 4 }}
  ports:
    - name: epmd
      port: 4369
      targetPort: epmd
      protocol: TCP
    - name: nodes
      port: 25672
      targetPort: nodes
      protocol: TCP
{{- end -}}

{{- /* Publishers and consumers come in; the nodes talk to each other and to nobody else. */}}
{{- define "rabbitmq.networkPolicy" -}}
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
  ingress:
    - from:
        {{- include "service.peers" (dict "ctx" . "parts" (include "service.messengers" . | fromYamlArray)) | nindent 8 }}
      ports:
        - port: 5672
          protocol: TCP
    - from:
        {{- include "service.peers" (dict "ctx" . "parts" (list "rabbitmq")) | nindent 8 }}
      ports:
        {{- include "rabbitmq.nodePorts" . | nindent 8 }}
    - from:
        {{- toYaml .root.Values.networkPolicy.metricsFrom | nindent 8 }}
      ports:
        - port: 15692
          protocol: TCP
  egress:
    {{- include "service.egressToDNS" . | nindent 4 }}
    - to:
        {{- include "service.peers" (dict "ctx" . "parts" (list "rabbitmq")) | nindent 8 }}
      ports:
        {{- include "rabbitmq.nodePorts" . | nindent 8 }}
{{- end -}}

{{- define "rabbitmq.nodePorts" -}}
- port: 4369
  protocol: TCP
- port: 25672
  protocol: TCP
{{- end -}}
