#!/usr/bin/env python3
"""Apache Kafka's own DumpLogSegments reads every file we write, without a complaint.

Writes a topic with every codec, null keys and values, headers, retries and many small segments, stops the broker
cleanly, and lets Kafka's tool read each .log with --deep-iteration, each .index and .timeindex with its checks
on, and each producer snapshot. Batch counts, record counts and CRCs must be those that we find in the same
files on our own.
Usage: kafka_dump_test.py [--jars DIR]
"""
import argparse
import pathlib
import re
import struct
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "integration"))
from harness import BIN, Broker, Checks, temporary_directory  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
PARSE_COMPLAINTS = re.compile(
    r"isvalid: false|mismatch|out of order|not in sync|non-consecutive|could not|corrupt|Exception|invalid", re.I)


def install_jars(directory):
    if not list(directory.glob("kafka-tools-*.jar")):
        subprocess.run(["mvn", "-q", "-B", "-f", str(HERE / "kafka/pom.xml"), "dependency:copy-dependencies",
                        f"-DoutputDirectory={directory}"], check=True)


def dump(jars, *arguments):
    done = subprocess.run(["java", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", f"{jars}/*",
                           "org.apache.kafka.tools.DumpLogSegments", *arguments],
                          capture_output=True, text=True, timeout=300)
    return done.returncode, done.stdout + done.stderr


def batches_of(path):
    """(base offset, records, crc) of each batch, by the format's own description."""
    data = path.read_bytes()
    at = 0
    while at + 61 <= len(data):
        base, length = struct.unpack_from(">qi", data, at)
        crc, = struct.unpack_from(">I", data, at + 17)
        count, = struct.unpack_from(">i", data, at + 57)
        yield base, count, crc
        at += 12 + length
    assert at == len(data), f"{path}: {len(data) - at} bytes behind the last batch"


def without_first_offsets(text, logs):
    """Kafka's tool begins every file at offset -1 and so reports each file that does not begin at 0: that one line,
    with exactly the file's own base offset, is no complaint. Any other pair stays."""
    for log in logs:
        base = int(log.name[:20])
        text = text.replace(f"Non-consecutive offsets in {log}\n  -1 is followed by {base}\n", "")
    return text


def fill(broker):
    broker.qalam("topic", "create", "interop", "-p", 1, "-c", "segment.bytes=1MiB")
    text = b"".join(b"key-%d\tvalue %d %s\n" % (i % 97, i, b"x" * (i % 200)) for i in range(6000))
    for codec in ("none", "none", "none", "gzip", "snappy", "lz4", "zstd"):
        broker.qalam("produce", "interop", "-p", 0, "-K", "\t", "-z", codec, "-H", "trace=ab12", "-H", "empty=",
                     "--progress", "off", stdin=text)
    broker.qalam("produce", "interop", "-p", 0, "-K", "\t", "--null-empty", "--progress", "off",
                 stdin=b"tombstone\t\n" * 50)
    for i in range(20):  # Single records: many tiny batches.
        broker.qalam("produce", "interop", "-p", 0, "--progress", "off", stdin=b"alone %d\n" % i)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jars", type=pathlib.Path, default=BIN / "kafka-tools")
    args = parser.parse_args()
    install_jars(args.jars)
    check = Checks()
    with temporary_directory() as tmp:
        with Broker(tmp / "data") as broker:
            fill(broker)
            check(broker.stop() == 0, "clean stop")
        partition = tmp / "data/log/interop-0"
        logs = sorted(partition.glob("*.log"))
        check(len(logs) >= 3, f"{len(logs)} segments")

        code, text = dump(args.jars, "--deep-iteration", "--print-data-log", "--files", ",".join(map(str, logs)))
        text = without_first_offsets(text, logs)
        check(code == 0 and not PARSE_COMPLAINTS.search(text.replace("isvalid: true", "")),
              "logs, deep iteration: no complaint" + complaint(code, text))
        theirs = [(int(m[1]), int(m[2]), int(m[3])) for m in
                  re.finditer(r"baseOffset: (\d+) lastOffset: \d+ count: (\d+) .*?crc: (\d+) isvalid: true", text)]
        ours = [batch for log in logs for batch in batches_of(log)]
        check(len(ours) > 20 and theirs == ours,
              f"{len(theirs)} batches, the same base offsets, counts and CRCs as ours ({len(ours)})")
        records = len(re.findall(r"^\| offset: ", text, re.M))
        check(records == sum(b[1] for b in ours), f"{records:,} records")

        for suffix in ("index", "timeindex"):
            files = sorted(partition.glob(f"*.{suffix}"))
            check(len(files) == len(logs), f"{len(files)} {suffix} files for {len(logs)} segments")
            for flag in ("--verify-index-only", "--index-sanity-check"):
                code, text = dump(args.jars, flag, "--files", ",".join(map(str, files)))
                check(code == 0 and not PARSE_COMPLAINTS.search(text), f"{suffix} {flag}" + complaint(code, text))
            code, text = dump(args.jars, "--files", ",".join(map(str, files)))
            entries = len(re.findall(r"^(offset|timestamp): ", text, re.M))
            check(code == 0 and entries > len(files) and not PARSE_COMPLAINTS.search(text),
                  f"{suffix} dump, {entries} entries" + complaint(code, text))

        snapshots = sorted(partition.glob("*.snapshot"))
        code, text = dump(args.jars, "--files", ",".join(map(str, snapshots)))
        check(code == 0 and len(re.findall(r"producerId: \d+", text)) >= len(snapshots) > 0
              and not PARSE_COMPLAINTS.search(text),
              f"{len(snapshots)} producer snapshots" + complaint(code, text))
    check.finish()


def complaint(code, text):
    lines = [line for line in text.splitlines()
             if PARSE_COMPLAINTS.search(line.replace("isvalid: true", ""))]
    return f" (exit {code})" + "".join("\n        " + line[:200] for line in lines[:5]) if code or lines else ""


if __name__ == "__main__":
    main()
