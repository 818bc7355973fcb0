# shellcheck shell=bash
# What the recipes beside it share: how a server is found, waited for and stopped. To be sourced; the recipe sets
# dir, an absolute path, and port.
#
# A server is known by DIR/pid and by its working directory, DIR/data: a process id alone may have been
# given to somebody else since.

set -euo pipefail
dir='' port=''

die() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

# usage: the recipe's own first comment.
usage() {
  sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0" >&2
  exit 2
}

# need PACKAGE...: installs Debian packages that are missing, without starting a service.
need() {
  local package missing=() as_root=()
  for package in "$@"; do
    [[ $(dpkg-query -W -f '${Status}' "$package" 2>/dev/null) == 'install ok installed' ]] || missing+=("$package")
  done
  [[ ${#missing[@]} -gt 0 ]] || return 0
  [[ -z ${QALAM_NO_INSTALL:-} ]] || die "missing packages: ${missing[*]}"
  [[ $(id -u) -eq 0 ]] || as_root=(sudo)
  echo "installing ${missing[*]}" >&2
  DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
    "${as_root[@]}" apt-get install -y -q --no-install-recommends "${missing[@]}" >"$dir/apt.log" 2>&1 ||
    die "apt-get failed, see $dir/apt.log; is the package list there (apt-get update)?"
}

# running: the server of $dir lives, or a thread of it that still holds its port and files. A zombie has no working
# directory.
running() {
  [[ -f $dir/pid ]] && grep -q -x -F "$dir/data" < <(readlink "/proc/$(<"$dir/pid")"/task/*/cwd 2>/dev/null)
}

# serve PROBE COMMAND...: runs the server in $dir/data, waits until PROBE succeeds, says how long that took.
serve() {
  local probe=$1 begun now
  shift
  running && die "already running, pid $(<"$dir/pid")"
  mkdir -p "$dir/data"
  cd "$dir/data"
  begun=$(date +%s%N)
  "$@" >>"$dir/server.log" 2>&1 </dev/null &
  echo $! >"$dir/pid"
  disown
  until "$probe" 2>/dev/null; do
    now=$(date +%s%N)
    ((now - begun < 180 * 10 ** 9)) || die "no answer within 180 s, see $dir/server.log"
    # Between fork and exec the directory is already right, so a missing one means that it ended.
    running || die "the server ended, see $dir/server.log"
    sleep 0.005
  done
  now=$(date +%s%N)
  printf 'pid=%s port=%s ready_ms=%s\n' "$(<"$dir/pid")" "$port" $(((now - begun) / 1000000))
}

# halt [SIGNAL]: ends the server of $dir (TERM unless told otherwise) and waits for it; KILL after 60 s.
halt() {
  local pid i
  [[ -f $dir/pid ]] || return 0
  pid=$(<"$dir/pid")
  if running; then
    kill -s CONT "$pid"  # a stopped process takes no TERM
    kill -s "${1:-TERM}" "$pid"
    for ((i = 0; i < 12000; i++)); do
      running || break
      sleep 0.005
    done
    running && kill -s KILL "$pid"
  fi
  rm -f "$dir/pid"
}
