#!/bin/sh
# Makes the data directory on the first start, refuses one of another major version, then becomes the server.
# Arguments are passed on to it: `-c max_connections=200`.
set -eu

say() { echo "entrypoint: $*" >&2; }

fail() {
  say "$*"
  exit 1
}

# The new directory appears under its name only when it is complete and on the disk: a kill at any moment leaves
# either nothing or a whole one.
initialise() {
  password_file=${POSTGRES_PASSWORD_FILE:-}
  [ -n "$password_file" ] || fail "$PGDATA is empty and POSTGRES_PASSWORD_FILE is not set: name a file with the superuser's password"
  [ -s "$password_file" ] || fail "the password file $password_file is missing, unreadable or empty"
  volume=$(dirname "$PGDATA")
  [ -w "$volume" ] || fail "user $(id -u) may not write to $volume: set the pod's fsGroup to $(id -g)"

  for leftover in "$volume"/.initialising.*; do
    if [ -e "$leftover" ]; then
      say "removing $leftover, left by a start that was interrupted"
      rm -rf "$leftover"
    fi
  done

  say "making the data directory $PGDATA (PostgreSQL $PG_MAJOR)"
  new=$(mktemp -d "$volume/.initialising.XXXXXX")
  initdb --pgdata="$new" --username=postgres --pwfile="$password_file" --auth-local=peer --auth-host=scram-sha-256 \
    --encoding=UTF8 --locale=C.UTF-8 --locale-provider=builtin --builtin-locale=C.UTF-8 --data-checksums \
    --no-instructions >&2
  mv -T "$new" "$PGDATA"
  sync "$volume"
  say "the data directory is ready"
}

if [ -e "$PGDATA/PG_VERSION" ]; then
  found=$(cat "$PGDATA/PG_VERSION")
  [ "$found" = "$PG_MAJOR" ] || fail "$PGDATA was made by PostgreSQL $found, this image runs PostgreSQL $PG_MAJOR: use an image of version $found, or move the data with pg_upgrade or pg_dump"
elif [ -d "$PGDATA" ] && [ -n "$(ls -A "$PGDATA")" ]; then
  fail "$PGDATA holds files but no database (no PG_VERSION): empty it, or mount the right volume"
else
  # As process 1, a shell that does not ask for a signal never gets it.
  trap 'say "stopped while making the data directory"; exit 143' INT TERM
  initialise
  trap - INT TERM
fi

# A volume with an fsGroup comes back with group rights, which the server refuses.
chmod 0700 "$PGDATA"
exec postgres -D "$PGDATA" -c listen_addresses='*' -c unix_socket_directories=/var/run/postgresql \
  -c hba_file=/etc/postgresql/pg_hba.conf "$@"
