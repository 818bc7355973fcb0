#!/usr/bin/env python3
"""Checks who includes whom: every #include below broker/, client/ and common/ must follow an arrow.

usage: check_layers.py [--root DIR] [--self-test]

Prints "N files, M includes, 0 violations", or a line per violation, and exits 1 if there is one.
The arrows are docs/ARCHITECTURE.md's; a new folder or library is added to the tables below.
"""
import argparse
import pathlib
import re
import sys
import tempfile

# Folder -> folders whose headers it may include. Everyone may also use common and common/record,
# and of course itself. A name with a suffix is one header.
ARROWS = {
    "common": set(),
    "common/record": set(),
    "broker/log": set(),
    "broker/replication": set(),
    "broker/metadata": set(),
    "broker/io": set(),
    "broker/coordinator": {"broker/metadata"},
    "broker/partition": {"broker/log", "broker/replication"},
    "broker/api": {"broker/partition", "broker/coordinator", "broker/metadata"},
    "broker/wire": {"broker/api", "proto"},
    "broker/rpc": {"broker/api", "broker/io", "broker/wire", "proto",
                   "broker/partition/replica_transport.h"},
    "broker/frames": {"broker/api", "broker/io", "broker/rpc", "broker/wire"},
    "broker/kafka": {"broker/api", "broker/io"},
    "broker/http": {"broker/api", "broker/io", "broker/wire"},
    "broker/tools": {"broker/log"},
    "broker/node": {"broker/log", "broker/replication", "broker/metadata", "broker/io",
                    "broker/coordinator", "broker/partition", "broker/api", "broker/wire",
                    "broker/rpc", "broker/frames", "broker/kafka", "broker/http"},
    "broker": {"broker/node"},  # broker/main.cc
    "client/include/qalam": set(),
    "client": {"client/include/qalam", "proto"},
    "client/embedded": {"client", "client/include/qalam", "broker/api", "broker/rpc/owner_client.h",
                        "broker/node/broker_config.h", "broker/node/broker_host.h",
                        "broker/node/find_owner.h"},
    "client/cli": {"client", "client/include/qalam", "client/embedded", "broker/tools"},
    "client/examples": {"client/include/qalam"},
}
EVERYONES = {"common", "common/record"}
# These show what an outside program sees: not even common/.
OUTSIDERS = {"client/include/qalam", "client/examples"}

# Files that have to do with less than their folder: file -> folders it may not include.
WITHOUT = {
    "broker/node/broker_core.h": {"broker/kafka", "broker/http"},
    "broker/node/broker_core.cc": {"broker/kafka", "broker/http"},
    "broker/node/broker_host.h": {"broker/kafka", "broker/http"},
    "broker/node/broker_host.cc": {"broker/kafka", "broker/http"},
}

# Header prefixes of libraries -> folders or files that may include them.
GRPC = {"broker/wire", "broker/rpc", "broker/metadata/etcd_store.cc", "client"}
ASIO = {"broker/io", "broker/frames", "broker/kafka", "broker/http"}
CODECS = {"common/record"}
JSON = {"broker/wire", "broker/http", "broker/node", "broker/tools", "client/cli"}
LIBRARIES = {
    "grpc/": GRPC, "grpcpp/": GRPC, "google/": GRPC, "absl/": GRPC,
    "boost/": ASIO, "asio": ASIO, "openssl/": ASIO,
    "rocksdb/": {"broker/metadata/rocksdb_store.cc"},
    "zlib.h": CODECS | {"client/cli/tar_gz.cc"}, "snappy": CODECS, "lz4": CODECS, "zstd": CODECS,
    "isa-l": {"common/crc32c.cc"},
    "spdlog/": {"common"},
    "fmt/": set(ARROWS) - OUTSIDERS,
    "toml++/": {"common", "broker/node", "client/cli"},
    "CLI/": {"broker", "broker/node", "client/cli"},
    "nlohmann/": JSON,
    "prometheus/": {"broker/http"},
}
SYSTEM_FOLDERS = ("sys/", "linux/", "net/", "netinet/", "arpa/")

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')
PROTO = re.compile(r"^qalam/v1/.*\.pb\.h$")


def folder_of(path):
    """The folder that owns a file, however deep below it the file lies; None if none does."""
    parent = pathlib.PurePosixPath(path).parent
    while str(parent) not in (".", "/"):
        if str(parent) in ARROWS:
            return str(parent)
        parent = parent.parent
    return None


def target_of(header):
    """The header's path in the tree, "proto" for generated ones, None for one that is not ours."""
    if PROTO.match(header):
        return "proto"
    if header.startswith("qalam/"):
        return "client/include/" + header
    if header.split("/")[0] in ("broker", "client", "common", "tests"):
        return header
    return None


def allowed(path, folder, names):
    return path in names or folder in names


def judge(path, header):
    """What is wrong with `path` including `header`; None if nothing."""
    folder = folder_of(path)
    if folder is None:
        return "lies in no folder that the table of layers knows"
    target = target_of(header)
    if target is None:
        return judge_library(path, folder, header)
    target_folder = "proto" if target == "proto" else folder_of(target)
    if target_folder is None:
        return f"{header} lies in no folder that the table of layers knows"
    if target_folder in WITHOUT.get(path, ()):
        return f"{path} must do without {target_folder}"
    arrows = set(ARROWS[folder])
    if folder not in OUTSIDERS and folder != "common":
        arrows |= EVERYONES
    if target_folder == folder or allowed(target, target_folder, arrows):
        return None
    return f"no arrow {folder} -> {target_folder}"


def judge_library(path, folder, header):
    for prefix, names in LIBRARIES.items():
        if header.startswith(prefix):
            if allowed(path, folder, names):
                return None
            return f"{header} is for {', '.join(sorted(names))} only"
    if "/" in header and not header.startswith(SYSTEM_FOLDERS):
        return f"{header} is of no library that the table of layers knows"
    return None


def includes_of(text):
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match.group(1) or match.group(2)


def check(root):
    files = includes = 0
    violations = []
    for top in ("broker", "client", "common"):
        for file in sorted((root / top).rglob("*")):
            if file.suffix not in (".h", ".cc"):
                continue
            files += 1
            path = file.relative_to(root).as_posix()
            for number, header in includes_of(file.read_text(encoding="utf-8")):
                includes += 1
                wrong = judge(path, header)
                if wrong:
                    violations.append(f"{path}:{number}: {wrong}")
    return files, includes, violations


def find_cycle():
    """A cycle among the arrows between folders, or None: the table must not allow one."""
    done, path = set(), []

    def visit(folder):
        if folder in path:
            return path[path.index(folder):] + [folder]
        if folder in done or folder not in ARROWS:
            return None
        path.append(folder)
        for name in sorted(ARROWS[folder]):
            cycle = visit(name if name in ARROWS else folder_of(name) or name)
            if cycle:
                return cycle
        path.pop()
        done.add(folder)
        return None

    return next(filter(None, map(visit, ARROWS)), None)


# Path, include line, and a piece of the complaint; None where the include is right.
SAMPLES = [
    ("common/record/a.cc", '#include "common/bytes.h"', None),
    ("common/a.h", '#include "common/record/batch_view.h"', "no arrow common -> common/record"),
    ("common/a.cc", '#include "broker/log/log.h"', "no arrow common -> broker/log"),
    ("broker/log/a.cc", '#include "common/record/batch_view.h"', None),
    ("broker/log/a.cc", '#include "broker/partition/partition.h"', "no arrow"),
    ("broker/log/a.cc", '  #  include <grpcpp/server.h>', "grpcpp/server.h is for"),
    ("broker/partition/a.h", '#include "broker/log/log.h"', None),
    ("broker/api/a.h", '#include "broker/log/log.h"', "no arrow broker/api -> broker/log"),
    ("broker/metadata/rocksdb_store.cc", "#include <rocksdb/db.h>", None),
    ("broker/metadata/controller.cc", "#include <rocksdb/db.h>", "rocksdb/db.h is for"),
    ("broker/metadata/a.cc", '#include "qalam/v1/log.pb.h"', "no arrow broker/metadata -> proto"),
    ("broker/rpc/a.cc", '#include "qalam/v1/log.grpc.pb.h"', None),
    ("broker/rpc/a.cc", "#include <boost/asio.hpp>", "boost/asio.hpp is for"),
    ("broker/rpc/a.cc", '#include "broker/partition/replica_transport.h"', None),
    ("broker/rpc/a.cc", '#include "broker/partition/partition.h"', "no arrow"),
    ("broker/io/a.cc", "#include <boost/asio.hpp>", None),
    ("broker/kafka/codec/a.cc", '#include "broker/api/broker.h"', None),
    ("broker/kafka/codec/a.cc", '#include "broker/wire/a.h"', "no arrow"),
    ("broker/node/broker_process.cc", '#include "broker/http/http_server.h"', None),
    ("broker/node/broker_core.cc", '#include "broker/http/http_server.h"', "must do without"),
    ("broker/main.cc", '#include "broker/node/broker_process.h"', None),
    ("broker/tools/a.cc", '#include "broker/log/log.h"', None),
    ("broker/unknown/a.cc", '#include "broker/log/log.h"', "no arrow broker -> broker/log"),
    ("client/a.cc", "#include <grpcpp/channel.h>", None),
    ("client/a.cc", '#include "broker/api/broker.h"', "no arrow client -> broker/api"),
    ("client/include/qalam/a.h", '#include "qalam/record.h"', None),
    ("client/include/qalam/a.h", "#include <grpcpp/channel.h>", "grpcpp/channel.h is for"),
    ("client/include/qalam/a.h", '#include "common/bytes.h"', "no arrow"),
    ("client/include/qalam/a.h", '#include "qalam/v1/log.pb.h"', "no arrow"),
    ("client/cli/a.cc", '#include "broker/tools/log_dump.h"', None),
    ("client/cli/a.cc", '#include "broker/log/log.h"', "no arrow client/cli -> broker/log"),
    ("client/embedded/a.cc", '#include "broker/node/broker_host.h"', None),
    ("client/embedded/a.cc", '#include "broker/node/broker_process.h"', "no arrow"),
    ("client/examples/a.cc", "#include <qalam/client.h>", None),
    ("client/examples/a.cc", '#include "common/bytes.h"', "no arrow"),
    ("common/a.cc", '#include "tests/support/manual_clock.h"', "lies in no folder"),
    ("common/a.cc", "#include <folly/String.h>", "of no library"),
    ("common/a.cc", "#include <sys/stat.h>", None),
    ("common/a.cc", "// #include <grpcpp/channel.h>", None),
]


def self_test():
    failures = []
    cycle = find_cycle()
    if cycle:
        failures.append("the table has a cycle: " + " -> ".join(cycle))
    for path, line, complaint in SAMPLES:
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(f"#pragma once\n{line}\n", encoding="utf-8")
            files, _, violations = check(root)
        if files != 1:
            failures.append(f"{path}: {files} files seen")
        if complaint is None and violations:
            failures.append(f"{path}: {line}: refused: {violations}")
        if complaint is not None and not any(
                v.startswith(f"{path}:2: ") and complaint in v for v in violations):
            failures.append(f"{path}: {line}: not refused with '{complaint}': {violations}")
    for failure in failures:
        print(failure)
    print(f"self-test: {len(SAMPLES)} samples, {len(failures)} failures")
    return 1 if failures else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=pathlib.Path,
                        default=pathlib.Path(__file__).resolve().parent.parent)
    parser.add_argument("--self-test", action="store_true",
                        help="prove on samples that bad includes are caught")
    arguments = parser.parse_args()
    if arguments.self_test:
        return self_test()
    files, includes, violations = check(arguments.root)
    for violation in violations:
        print(violation)
    print(f"{files} files, {includes} includes, {len(violations)} violations")
    # Nothing seen means a wrong root, not a clean tree.
    return 1 if violations or files == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
