#!/usr/bin/env bash
# NATS with JetStream in a directory of yours, on loopback.
#   nats.sh install DIR                    the server and the nats command line into DIR/bin, built by Go
#   nats.sh start DIR [SETTING=VALUE ...]  JetStream's settings; sync_interval=always is durable, its default is not
#   nats.sh stop DIR [SIGNAL]              TERM unless told otherwise
#   nats.sh tool DIR [ARG ...]             the nats command line, e.g. bench js pub async SUBJECT --create
# The port is NATS_PORT, 14222 unless set. DIR/data holds the data, DIR/server.log what the server says.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=common.sh
source "$(dirname "$0")/common.sh"
[[ $# -ge 2 ]] || usage
verb=$1
mkdir -p "$2"
dir=$(realpath "$2")
shift 2
port=${NATS_PORT:-14222}

# The core server answers before JetStream does, so JetStream is asked.
answers() (
  exec 3<>"/dev/tcp/127.0.0.1/$port" || exit
  # shellcheck disable=SC2016  # a NATS subject begins with a dollar sign
  printf 'CONNECT {"verbose":false}\r\nSUB inbox 1\r\nPUB $JS.API.INFO inbox 0\r\n\r\n' >&3
  timeout 1 grep -q -m 1 '^MSG inbox' <&3
)

case $verb in
  install)
    command -v go >/dev/null || need golang-go
    export GOBIN=$dir/bin
    [[ -x $GOBIN/nats-server ]] || go install github.com/nats-io/nats-server/v2@v2.15.2
    [[ -x $GOBIN/nats ]] || go install github.com/nats-io/natscli/nats@v0.5.1
    ;;
  start)
    {
      printf 'listen: "127.0.0.1:%s"\njetstream {\n  store_dir: "%s"\n' "$port" "$dir/data"
      for setting in "$@"; do printf '  %s: %s\n' "${setting%%=*}" "${setting#*=}"; done
      echo '}'
    } >"$dir/server.conf"
    serve answers "$dir/bin/nats-server" -c "$dir/server.conf"
    ;;
  stop) halt "$@" ;;
  tool) exec "$dir/bin/nats" -s "127.0.0.1:$port" "$@" ;;
  *) usage ;;
esac
