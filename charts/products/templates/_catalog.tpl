{{- /*
The Job that loads the first products and their stock. It logs in as the administrator and does what anyone could do
through the API; what is there already it leaves alone. Takes its context.
*/}}
{{- define "products.catalog" -}}
{{- $documents := list (include "service.serviceAccount" .) (include "products.catalogJob" .) -}}
{{- if .root.Values.networkPolicy.enabled -}}
{{- $documents = append $documents (include "products.catalogNetworkPolicy" .) -}}
{{- end -}}
{{- include "service.documents" $documents -}}
{{- end -}}

{{- define "products.catalogJob" -}}
{{- $spec := include "products.catalogSpec" . -}}
{{- $name := printf "%s-%s" (include "service.fullname" .) ($spec | fromYaml | toJson | sha256sum | trunc 8) -}}
apiVersion: batch/v1
kind: Job
metadata:
  {{- include "service.metadata" (dict "ctx" . "wave" 55 "name" $name) | nindent 2 }}
spec:
  {{- $spec | nindent 2 }}
{{- end -}}

{{- define "products.catalogSpec" -}}
{{- $shop := include "service.shop" .root -}}
backoffLimit: 6
template:
  metadata:
    labels:
      {{- include "service.podLabels" . | nindent 6 }}
    annotations:
      {{- with .root.Values.podAnnotations }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
      checksum/catalog: {{ .root.Values.catalog.checksum | default "none" | quote }}
  spec:
    {{- include "service.podSettings" . | nindent 4 }}
    restartPolicy: Never
    containers:
      - name: catalog
        {{- include "service.containerSettings" . | nindent 8 }}
        command:
          - python
          - -m
          - products.catalog
        env:
          - name: CATALOG_DIR
            value: /etc/catalog
          - name: SHOP
            value: {{ $shop }}
          - name: CURRENCY
            value: {{ .root.Values.global.currency }}
          - name: LOG_LEVEL
            value: {{ get .root.Values.env "LOG_LEVEL" | default "INFO" }}
          {{- range include "service.calls" . | fromYamlArray }}
          - name: {{ upper . }}_URL
            value: http://{{ $shop }}-{{ . }}
          {{- end }}
          {{- include "service.secretEnv" (include "service.shopSecrets" (dict "ctx" . "secrets" (list
            (dict "name" "ADMIN_EMAIL" "secret" "admin" "key" "email")
            (dict "name" "ADMIN_PASSWORD" "secret" "admin" "key" "password"))) | fromYamlArray) | trim | nindent 10 }}
        resources:
          {{- include "service.resources" .root.Values.migration.resources | trim | nindent 10 }}
        volumeMounts:
          - name: catalog
            mountPath: /etc/catalog
            readOnly: true
          {{- include "service.tmpMount" . | nindent 10 }}
    volumes:
      - name: catalog
        configMap:
          name: {{ .root.Values.catalog.configMap }}
          defaultMode: 292 # 0444
      {{- include "service.tmpVolume" . | nindent 6 }}
{{- end -}}

{{- define "products.catalogNetworkPolicy" -}}
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
    {{- include "service.egressToParts" . | trim | nindent 4 }}
{{- end -}}
