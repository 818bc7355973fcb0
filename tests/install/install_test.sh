#!/bin/sh
# install_test.sh BUILD_DIR CONSUMER_DIR LIBDIR CXX VERSION
# Fails when a program outside of this repository can't be built and run against what is installed.
set -eu
build=$1 consumer=$2 libdir=$3 cxx=$4 version=$5
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix=$work/prefix

echo "== install into $prefix"
cmake --build "$build" --target qalam_client_shared qalam_client_static >/dev/null
cmake --install "$build" --prefix "$prefix" --component client >/dev/null

echo "== no header of gRPC, protobuf or common/ is needed"
if grep -rnE '#include *[<"](grpc|google|common/|proto/|client/)' "$prefix/include"; then exit 1; fi

check() {  # check NAME PROGRAM: prints the version and can't reach a closed port.
  out=$(LD_LIBRARY_PATH="$prefix/$libdir" "$2")
  echo "$1: $out"
  [ "$out" = "$version UNREACHABLE" ] || { echo "expected: $version UNREACHABLE"; exit 1; }
}

echo "== find_package"
cmake -G Ninja -S "$consumer" -B "$work/cmake" -DCMAKE_CXX_COMPILER="$cxx" -DCMAKE_PREFIX_PATH="$prefix" \
  -DQALAM_VERSION="${version%.*}" >/dev/null
cmake --build "$work/cmake" >/dev/null
check "find_package, shared" "$work/cmake/consumer"
check "find_package, static" "$work/cmake/consumer_static"
readelf -d "$work/cmake/consumer" | grep -q 'libqalam-client.so.0' || { echo "not linked by SONAME"; exit 1; }
if readelf -d "$work/cmake/consumer_static" | grep -q libqalam-client; then echo "static links shared"; exit 1; fi

echo "== a version that is not installed is refused"
if cmake -G Ninja -S "$consumer" -B "$work/refused" -DCMAKE_CXX_COMPILER="$cxx" -DCMAKE_PREFIX_PATH="$prefix" \
  -DQALAM_VERSION=99.0 >/dev/null 2>&1; then echo "99.0 was found"; exit 1; fi

echo "== pkg-config"
export PKG_CONFIG_PATH="$prefix/$libdir/pkgconfig"
flags="-std=c++17 -Wall -Wextra -Wpedantic -Werror"
# shellcheck disable=SC2046,SC2086
"$cxx" $flags $(pkg-config --define-variable=prefix="$prefix" --cflags qalam-client) \
  "$consumer/main.cc" -o "$work/shared" \
  $(pkg-config --define-variable=prefix="$prefix" --libs qalam-client)
check "pkg-config, shared" "$work/shared"
# shellcheck disable=SC2046,SC2086
"$cxx" $flags $(pkg-config --define-variable=prefix="$prefix" --cflags qalam-client) \
  "$consumer/main.cc" -o "$work/static" "$prefix/$libdir/libqalam-client.a" \
  $(pkg-config --define-variable=prefix="$prefix" --static --libs qalam-client | sed 's/-lqalam-client//')
check "pkg-config, static" "$work/static"

echo "== a program with gRPC's reflection service in it may use the library, too"
# shellcheck disable=SC2046,SC2086
"$cxx" $flags $(pkg-config --define-variable=prefix="$prefix" --cflags qalam-client) \
  "$consumer/main.cc" -o "$work/reflecting" \
  $(pkg-config --define-variable=prefix="$prefix" --libs qalam-client) \
  -Wl,--no-as-needed $(pkg-config --libs grpc++) -lgrpc++_reflection
check "beside reflection" "$work/reflecting"

echo "== only public names are exported"
names=$(nm -DC --defined-only "$prefix/$libdir/libqalam-client.so" | cut -d' ' -f3- |
  grep -vE 'qalam::abi0::' || true)
[ -z "$names" ] || { echo "$names" | head; exit 1; }
