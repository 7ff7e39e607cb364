#!/usr/bin/env bash
# Make the secrets that charts/shop names, where no operator does it. Existing ones are left as they are.
# usage: secrets.sh SHOP [kubectl options, e.g. --namespace shops]
set -euo pipefail
shop=${1:?usage: secrets.sh SHOP [kubectl options]}
shift
options=("$@")

make_secret() { # NAME[:TYPE] KEY=VALUE... : values reach kubectl through a pipe, never through its arguments
  local name=${1%%:*} type=Opaque
  [ "$name" = "$1" ] || type=${1#*:}
  shift
  if kubectl "${options[@]}" get secret "$name" >/dev/null 2>&1; then
    echo "secret/$name exists"
    return
  fi
  {
    printf 'apiVersion: v1\nkind: Secret\ntype: %s\nmetadata: {name: %s}\ndata:\n' "$type" "$name"
    for pair in "$@"; do
      printf '  %s: %s\n' "${pair%%=*}" "$(printf '%s' "${pair#*=}" | base64 -w0)"
    done
  } | kubectl "${options[@]}" create -f -
}

database_secret() { # SERVICE SUFFIX ROLE
  local password
  password=$(openssl rand -hex 24)
  make_secret "$shop-$1-$2" "username=$3" "password=$password" "host=$shop-postgres" "port=5432" "dbname=$1" \
    "uri=postgresql://$3:$password@$shop-postgres:5432/$1"
}

bytes() { # HEX : the bytes themselves
  local hex=$1
  while [ -n "$hex" ]; do
    printf '%b' "\\x${hex:0:2}"
    hex=${hex:2}
  done
}

broker_hash() { # PASSWORD : base64 of four bytes of salt and the SHA-256 of salt and password
  local salt
  salt=$(openssl rand -hex 4)
  { bytes "$salt"; { bytes "$salt"; printf '%s' "$1"; } | openssl dgst -sha256 -binary; } | base64 -w0
}

broker_account() { # SERVICE WRITE READ : its secret, and its part of the broker's users.json
  local password comma=${users:+,}
  password=$(openssl rand -hex 24)
  make_secret "$shop-$1-amqp" "username=$1" "password=$password" "uri=amqp://$1:$password@$shop-rabbitmq:5672/%2F"
  # Of a secret that was there before, its own.
  password=$(kubectl "${options[@]}" get secret "$shop-$1-amqp" -o 'jsonpath={.data.password}' | base64 -d)
  users+="$comma{\"name\": \"$1\", \"password_hash\": \"$(broker_hash "$password")\",
    \"hashing_algorithm\": \"rabbit_password_hashing_sha256\", \"tags\": []}"
  permissions+="$comma{\"user\": \"$1\", \"vhost\": \"/\", \"configure\": \"^\$\", \"write\": \"$2\", \"read\": \"$3\"}"
}

make_secret "$shop-postgres" "username=postgres" "password=$(openssl rand -hex 24)"
make_secret "$shop-jwt" "signing-key.pem=$(openssl genpkey -algorithm ed25519)"
make_secret "$shop-admin" "email=admin@example.com" "password=$(openssl rand -hex 16)"
make_secret "$shop-internal" "token=$(openssl rand -hex 32)"
make_secret "$shop-storefront" "session-key=$(openssl rand -hex 32)"
for service in users products inventory orders payments notifications recommendations; do
  database_secret "$service" db "$service"
  database_secret "$service" db-owner "${service}_owner"
done

# Each account of the broker may do what its service does: publishers write events, consumers read their own queues.
users='' permissions=''
for publisher in users orders; do
  broker_account "$publisher" '^shop\\.events$' '^$'
done
for consumer in notifications recommendations; do
  broker_account "$consumer" "^$consumer\\\\.requeue\$" "^$consumer\\\\.(events|dead|retry\\\\..*)\$"
done
make_secret "$shop-rabbitmq" "erlang-cookie=$(openssl rand -hex 32)" \
  "users.json={\"users\": [$users], \"permissions\": [$permissions]}"

# A certificate of one's own: for real shoppers put one here that browsers know.
key=$(openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256)
certificate=$(openssl req -x509 -key /dev/stdin -days 365 -subj "/CN=$shop-gateway" \
  -addext "subjectAltName=DNS:$shop-gateway,DNS:localhost" <<<"$key")
make_secret "$shop-tls:kubernetes.io/tls" "tls.crt=$certificate" "tls.key=$key"
