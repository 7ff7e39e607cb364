{{- /*
TLS of the public listener. The certificate is a secret by file: Envoy looks for it again when the folder changes, which
is how Kubernetes brings a new one, and does without it as long as there is none.
*/}}
{{- define "gateway.tls" -}}
name: envoy.transport_sockets.tls
typed_config:
  "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext
  common_tls_context:
    alpn_protocols:
      - h2
      - http/1.1
    tls_params:
      tls_minimum_protocol_version: TLSv1_2
      tls_maximum_protocol_version: TLSv1_3
      # For TLS 1.2; those of 1.3 are all good.
      cipher_suites:
        - ECDHE-ECDSA-AES128-GCM-SHA256
        - ECDHE-RSA-AES128-GCM-SHA256
        - ECDHE-ECDSA-AES256-GCM-SHA384
        - ECDHE-RSA-AES256-GCM-SHA384
        - ECDHE-ECDSA-CHACHA20-POLY1305
        - ECDHE-RSA-CHACHA20-POLY1305
      ecdh_curves:
        - X25519MLKEM768
        - X25519
        - P-256
    tls_certificate_sds_secret_configs:
      - name: certificate
        sds_config:
          path_config_source:
            path: /etc/envoy/certificate.yaml
{{- end -}}

{{- define "gateway.certificate" -}}
resources:
  - "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret
    name: certificate
    tls_certificate:
      certificate_chain:
        filename: /etc/shop/tls/..data/tls.crt
      private_key:
        filename: /etc/shop/tls/..data/tls.key
      watched_directory:
        path: /etc/shop/tls
{{- end -}}

{{- /* HTTP where all has to go by TLS: the same request, method and body, at the other port. */}}
{{- define "gateway.redirect" -}}
name: redirect
virtual_hosts:
  - name: redirect
    domains:
      - "*"
    routes:
      - match:
          prefix: /
        redirect:
          https_redirect: true
          port_redirect: 443
          response_code: PERMANENT_REDIRECT
{{- end -}}
