#!/bin/bash
# Puts the Erlang cookie and the definitions into their places, then becomes the server.
set -eu

fail() {
  echo "entrypoint: $*" >&2
  exit 1
}

[ -w "$HOME" ] || fail "user $(id -u) may not write to $HOME: set the pod's fsGroup to $(id -g)"

# Erlang takes the cookie only from a file in the home folder that nobody else may read, which a mounted secret is not.
cookie=${ERLANG_COOKIE_FILE:-}
if [ -n "$cookie" ]; then
  [ -s "$cookie" ] || fail "the cookie file $cookie is missing, unreadable or empty"
  umask 077
  new=$(mktemp "$HOME/.erlang.cookie.XXXXXX")
  cat "$cookie" > "$new"
  chmod 0400 "$new"
  mv "$new" "$HOME/.erlang.cookie"
fi

# The server reads every entry of the folder as a file, and stumbles over those that Kubernetes keeps in a volume.
definitions=$HOME/definitions
rm -rf "$definitions"
mkdir -m 0700 "$definitions"
found=(/etc/rabbitmq/definitions.d/*.json)
[ -e "${found[0]}" ] || fail "there is no /etc/rabbitmq/definitions.d/*.json: without a user nobody can use the broker"
cp -L "${found[@]}" "$definitions"

# The virtual machine makes its tables for as many files as it may open, and containers may open a billion.
most=65536
if [ "$(ulimit -n)" = unlimited ] || [ "$(ulimit -n)" -gt "$most" ]; then
  ulimit -n "$most"
fi

# Without a shell between: the server hears SIGTERM itself, and its exit code is the container's.
export RUNNING_UNDER_SYSTEMD=true
exec rabbitmq-server "$@"
