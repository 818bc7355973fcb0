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

echo "== neither HTTP nor console code comes along"
code=$(nm -C --defined-only "$prefix/$libdir/libqalam-embedded.so" | grep -E 'qalam::(Http|Kafka|ParseCommandLine|RunBrokerProcess)' || true)
[ -z "$code" ] || { echo "$code"; exit 1; }
if readelf -d "$prefix/$libdir/libqalam-embedded.so" | grep -iE 'NEEDED.*(http|CLI)'; then exit 1; fi
echo "all as it should be"
