#!/usr/bin/env bash
# Formats every C++ file that git knows, with clang-format 14 and .clang-format.
# usage: format.sh [--check]     --check changes nothing, shows what would change, exits 1 if anything.
set -euo pipefail
cd "$(dirname "$0")/.."

mode=(-i)
case "${1-}" in
  '') ;;
  --check) mode=(--dry-run -Werror) ;;
  *)
    sed -n '2,3s/^# //p' "$0" >&2
    exit 2
    ;;
esac

tool=$(command -v clang-format-14 || command -v clang-format || true)
if [[ -z $tool ]] || ! "$tool" --version | grep -q 'version 14\.'; then
  echo "format.sh: clang-format 14 is missing (Debian package clang-format-14)" >&2
  exit 2
fi

# A source archive has no git: then every file below our folders.
if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
  list() { git ls-files -z -- '*.h' '*.cc'; }
else
  list() { find broker client common tests -name '*.h' -print0 -o -name '*.cc' -print0; }
fi
# Listed, but deleted in this working tree: nothing to format.
files=()
while IFS= read -r -d '' file; do
  if [[ -f $file ]]; then files+=("$file"); fi
done < <(list)
if ((${#files[@]} == 0)); then
  echo "format.sh: no files found" >&2
  exit 2
fi
printf '%s\0' "${files[@]}" | xargs -0 -n 16 -P 2 "$tool" "${mode[@]}" || exit 1
echo "format.sh: ${#files[@]} files"
