#!/usr/bin/env bash
# Redis in a directory of yours, on loopback, with the append-only file on and snapshots off.
#   redis.sh install DIR                    Debian's redis-server
#   redis.sh start DIR [SETTING=VALUE ...]  e.g. appendfsync=always (durable), everysec (its default) or no
#   redis.sh stop DIR [SIGNAL]              TERM unless told otherwise
#   redis.sh tool DIR PROGRAM [ARG ...]     redis-cli, redis-benchmark
# The port is REDIS_PORT, 16379 unless set. DIR/data holds the data, DIR/server.log what the server says.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=common.sh
source "$(dirname "$0")/common.sh"
[[ $# -ge 2 ]] || usage
verb=$1
mkdir -p "$2"
dir=$(realpath "$2")
shift 2
port=${REDIS_PORT:-16379}

answers() { [[ $(timeout 1 redis-cli -p "$port" ping) == PONG ]]; }

case $verb in
  install) need redis-server redis-tools ;;
  start)
    settings=()
    for setting in "$@"; do settings+=("--${setting%%=*}" "${setting#*=}"); done
    serve answers redis-server --bind 127.0.0.1 --port "$port" --dir "$dir/data" --daemonize no \
      --appendonly yes --save '' "${settings[@]}"
    ;;
  stop) halt "$@" ;;
  tool) exec "$1" -h 127.0.0.1 -p "$port" "${@:2}" ;;
  *) usage ;;
esac
