#!/usr/bin/env bash
# Make the secrets that charts/shop names, where no operator does it. Existing ones are left as they are.
# usage: secrets.sh SHOP [kubectl options, e.g. --namespace shops]
set -euo pipefail
shop=${1:?usage: secrets.sh SHOP [kubectl options]}
shift

make_secret() { # NAME KEY=VALUE... : values reach kubectl through a pipe, never through its arguments
  local name=$1
  shift
  if kubectl "${options[@]}" get secret "$name" >/dev/null 2>&1; then
    echo "secret/$name exists"
    return
  fi
  {
    printf 'apiVersion: v1\nkind: Secret\nmetadata: {name: %s}\ndata:\n' "$name"
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

options=("$@")
make_secret "$shop-postgres" "username=postgres" "password=$(openssl rand -hex 24)"
make_secret "$shop-jwt" "signing-key.pem=$(openssl genpkey -algorithm ed25519)"
make_secret "$shop-admin" "email=admin@example.com" "password=$(openssl rand -hex 16)"
make_secret "$shop-internal" "token=$(openssl rand -hex 32)"
for service in users products inventory orders payments; do
  database_secret "$service" db "$service"
  database_secret "$service" db-owner "${service}_owner"
done
