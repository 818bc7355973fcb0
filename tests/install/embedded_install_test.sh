#!/bin/sh
# embedded_install_test.sh BUILD_DIR CONSUMER_DIR LIBDIR CXX VERSION
# Fails when a program outside of this repository can't be built with the installed smart client, and run.
set -eu
build=$1 consumer=$2 libdir=$3 cxx=$4 version=$5
work=$(mktemp -d /var/tmp/qalam-install-XXXXXX)
trap 'rm -rf "$work"' EXIT
prefix=$work/prefix

echo "== install into $prefix"
cmake --build "$build" --target qalam_embedded_shared >/dev/null
cmake --install "$build" --prefix "$prefix" --component embedded >/dev/null

echo "== no header of gRPC, protobuf, the broker or common/ is needed"
if grep -rnE '#include *[<"](grpc|google|common/|proto/|client/|broker/)' "$prefix/include"; then exit 1; fi

echo "== find_package"
cmake -G Ninja -S "$consumer" -B "$work/cmake" -DCMAKE_CXX_COMPILER="$cxx" -DCMAKE_PREFIX_PATH="$prefix" \
  -DQALAM_VERSION="${version%.*}" >/dev/null
cmake --build "$work/cmake" >/dev/null
out=$(LD_LIBRARY_PATH="$prefix/$libdir" "$work/cmake/embedded_consumer" "$work/data")
echo "$out"
[ "$out" = "$version 0" ] || { echo "expected: $version 0"; exit 1; }
readelf -d "$work/cmake/embedded_consumer" | grep -q 'libqalam-embedded.so.0' || { echo "not linked by SONAME"; exit 1; }

echo "== only public names are exported"
names=$(nm -DC --defined-only "$prefix/$libdir/libqalam-embedded.so" | cut -d' ' -f3- |
  grep -vE 'qalam::abi0::' || true)
[ -z "$names" ] || { echo "$names"; exit 1; }

echo "== no HTTP, console, metrics or command line code comes along, neither in the library nor in a program with it"
names='qalam::(Http|Kafka|ParseCommandLine|RunBrokerProcess|Add[A-Za-z]*Pages)|prometheus::|boost::beast|CLI::|toml::'
texts='/api/v1/|/metrics/partitions|qalam_topic_appended'
library=$prefix/$libdir/libqalam-embedded.so
# What it looks for can be found: qalamd has all of it.
daemon=$build/broker/node/qalamd
if [ -f "$daemon" ]; then
  nm -C --defined-only "$daemon" | grep -qE "$names" || { echo "qalamd has none of: $names"; exit 1; }
  grep -qaE "$texts" "$daemon" || { echo "qalamd has none of: $texts"; exit 1; }
fi
for file in "$library" "$work/cmake/embedded_consumer"; do
  code=$(nm -C --defined-only "$file" | grep -E "$names" | head -5 || true)
  [ -z "$code" ] || { echo "$file: $code"; exit 1; }
  if grep -qaE "$texts" "$file"; then echo "$file has texts of the HTTP pages"; exit 1; fi
  libraries=$(LD_LIBRARY_PATH="$prefix/$libdir" ldd "$file" | grep -iE 'prometheus|http|beast|civetweb|CLI11' || true)
  [ -z "$libraries" ] || { echo "$file needs: $libraries"; exit 1; }
done
echo "all as it should be"
