{{- define "gateway.configMap" -}}
apiVersion: v1
kind: ConfigMap
metadata:
  {{- include "service.metadata" (dict "ctx" . "wave" 10) | nindent 2 }}
data:
  envoy.yaml: |
    {{- include "gateway.envoy" . | nindent 4 }}
  {{- if .root.Values.tls.enabled }}
  certificate.yaml: |
    {{- include "gateway.certificate" . | nindent 4 }}
  {{- end }}
{{- end -}}

{{- define "gateway.deployment" -}}
{{- include "service.rollout" (dict
  "ctx" . "wave" 60
  "config" (print (include "gateway.envoy" .) (include "gateway.certificate" .))
  "pod" (include "gateway.pod" .)) }}
{{- end -}}

{{- define "gateway.pod" -}}
{{- $values := .root.Values -}}
terminationGracePeriodSeconds: {{ add (int $values.drainSeconds) 10 }}
containers:
  - name: gateway
    {{- include "service.containerSettings" . | nindent 4 }}
    command:
      - envoy
      - -c
      - /etc/envoy/envoy.yaml
      - --concurrency
      - {{ int $values.concurrency | quote }}
      - --log-level
      - warning
      # Lines of the access log appear within a second, not ten.
      - --file-flush-interval-msec
      - "1000"
      # Pods replace each other; two Envoys never share one.
      - --disable-hot-restart
    ports:
      - name: http
        containerPort: 8080
        protocol: TCP
      {{- if $values.tls.enabled }}
      - name: https
        containerPort: 8443
        protocol: TCP
      {{- end }}
      - name: metrics
        containerPort: 9090
        protocol: TCP
    startupProbe:
      httpGet:
        path: /ready
        port: metrics
      periodSeconds: 1
      timeoutSeconds: 2
      failureThreshold: 60
    livenessProbe:
      httpGet:
        path: /livez
        port: metrics
      periodSeconds: 10
      timeoutSeconds: 5
      failureThreshold: 6
    readinessProbe:
      httpGet:
        path: /ready
        port: metrics
      periodSeconds: 3
      timeoutSeconds: 3
      failureThreshold: 2
    lifecycle:
      preStop:
        exec:
          command:
            - bash
            - -c
            - {{ include "gateway.drain" . | quote }}
    resources:
      {{- include "service.resources" $values.resources | trim | nindent 6 }}
    volumeMounts:
      - name: config
        mountPath: /etc/envoy
        readOnly: true
      {{- if $values.tls.enabled }}
      - name: tls
        mountPath: /etc/shop/tls
        readOnly: true
      {{- end }}
      {{- include "service.tmpMount" . | nindent 6 }}
volumes:
  - name: config
    configMap:
      name: {{ include "service.fullname" . }}
      defaultMode: 292 # 0444
  {{- if $values.tls.enabled }}
  # Optional: the shop is open on HTTP before it has a certificate.
  - name: tls
    secret:
      secretName: {{ $values.tls.secretName | default (printf "%s-tls" (include "service.shop" .root)) }}
      optional: true
      defaultMode: 288 # 0440
      items:
        - key: tls.crt
          path: tls.crt
        - key: tls.key
          path: tls.key
  {{- end }}
  {{- include "service.tmpVolume" . | nindent 2 }}
{{- end -}}

{{- /*
Envoy ends at once on SIGTERM. Failing its health check before makes it unready and lets it close every connection
after the answer under way, so that clients connect to another pod. The image has no HTTP client; bash speaks TCP.
*/}}
{{- define "gateway.drain" -}}
exec 3<>/dev/tcp/127.0.0.1/9901 && printf 'POST /healthcheck/fail HTTP/1.1\r\nHost: admin\r\nContent-Length: 0\r\nConnection: close\r\n\r\n' >&3 && cat <&3 >/dev/null; sleep {{ int .root.Values.drainSeconds }}
{{- end -}}
