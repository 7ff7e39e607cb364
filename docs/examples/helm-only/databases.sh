#!/usr/bin/env bash
# Make each service's database and roles in the Shop's embedded PostgreSQL, where no operator does it. Run it once.
# usage: databases.sh SHOP [kubectl options, e.g. --namespace shops]
set -euo pipefail
shop=${1:?usage: databases.sh SHOP [kubectl options]}
shift
options=("$@")

password() { # SECRET
  kubectl "${options[@]}" get secret "$1" -o 'jsonpath={.data.password}' | base64 -d
}

sql() { # DATABASE : statements come on standard input
  kubectl "${options[@]}" exec -i "pod/$shop-postgres-0" -c postgres -- \
    psql -h /var/run/postgresql -U postgres -d "$1" -v ON_ERROR_STOP=1 -q
}

for service in users products inventory orders payments notifications recommendations; do
  sql postgres <<SQL
CREATE ROLE ${service}_owner LOGIN PASSWORD '$(password "$shop-$service-db-owner")';
CREATE ROLE $service LOGIN PASSWORD '$(password "$shop-$service-db")';
CREATE DATABASE $service OWNER ${service}_owner;
REVOKE ALL ON DATABASE $service FROM PUBLIC;
GRANT CONNECT ON DATABASE $service TO $service;
SQL
  sql "$service" <<SQL
ALTER SCHEMA public OWNER TO ${service}_owner;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO $service;
SQL
  echo "database $service is made"
done
