"""The final log, read in three ways: by our client, by an independent one, and from the files of a stopped broker."""
import json
import re
import struct
import subprocess

from qalam_qa import programs
from qalam_qa.history import now_ns
from qalam_qa.independent import Independent
from qalam_qa.record_batches import records_in

DERIVED = re.compile(r"\.(index|timeindex|crc|snapshot): byte")


def by_client(broker, topic, history, way="client"):
    """Our own client library, in a process of its own. Errors: AssertionError."""
    done = subprocess.run([programs.find("qalam-qa-load"), "readback", f"broker={broker.address}", f"topic={topic}",
                           f"history={history.part(f'{topic}.{way}')}", f"way={way}"],
                          capture_output=True, text=True, timeout=300, check=False)
    if done.returncode != 0:
        raise AssertionError(f"reading {topic} back by our client: {done.stderr.strip()}")
    return json.loads(done.stdout)["read"]


def by_independent(client, topic, history, way="independent"):
    """What the independent client reads. Returns the partitions as the broker described them."""
    partitions = client.partitions(topic)
    for info in partitions:
        begin_ns = now_ns()
        records = list(client.read(topic, info.partition, info.log_start_offset, info.high_watermark))
        history.readback(f"{topic}/{info.partition}", way, begin_ns, info.log_start_offset, info.high_watermark, records)
    return partitions


def log_start_of(directory):
    """The log start offset of the newest good slot of durable-checkpoint (docs/formats/checkpoints.md)."""
    data = (directory / "durable-checkpoint").read_bytes()
    slots = [data[at:at + 68] for at in (0, 4096) if len(data) >= at + 68 and data[at:at + 4] == b"QLDP"]
    newest = max(slots, key=lambda slot: struct.unpack_from(">q", slot, 8)[0])
    return struct.unpack_from(">q", newest, 40)[0]


def by_files(data_dir, topic, history, way="files"):
    """What is in the segments of a stopped broker, in the order of the segments."""
    for directory in sorted((data_dir / "log").glob(f"{topic}-[0-9]*")):
        if not directory.name[len(topic) + 1:].isdigit():
            continue
        begin_ns = now_ns()
        start = log_start_of(directory)
        records = []
        end = start
        for segment in sorted(directory.glob("*.log")):
            end = max(end, int(segment.stem))
            for record in records_in(segment.read_bytes()):
                end = record[0] + 1
                if record[0] >= start:
                    records.append(record)
        history.readback(f"{topic}/{directory.name[len(topic) + 1:]}", way, begin_ns, start, end, records)


def verify_offline(data_dir, report, what, derived_may_be_bad=False):
    """`qalam log verify` finds nothing wrong in the files of a stopped broker.

    `derived_may_be_bad`: files that are derived from the log are not synced, so those of sealed segments may be wrong until their
    next use, when they are made again; of them nothing is expected.
    """
    done = subprocess.run([programs.find("qalam"), "log", "verify", str(data_dir)], capture_output=True, text=True,
                          check=False)
    lines = (done.stdout + done.stderr).strip().splitlines()
    findings = [line for line in lines if not (derived_may_be_bad and DERIVED.search(line))]
    held = done.returncode == 0 or (done.returncode == 1 and derived_may_be_bad and not any("byte" in line for line in findings))
    return report.count(held, f"{what}: log verify ends with {done.returncode}: {' '.join(findings)[-600:]}")


def everything(broker, topics, history, report, what, derived_may_be_bad=False):
    """Reads all topics in all three ways, stops the broker cleanly, verifies the files. The broker ends stopped."""
    with Independent(broker.address) as client:
        for topic in topics:
            by_client(broker, topic, history)
            by_independent(client, topic, history)
    code = broker.stop()
    report.count(code == 0, f"{what}: a clean stop (exit {code})\n{broker.log_tail(10) if code else ''}")
    history.note("broker", broker="b1", step="stop")
    for topic in topics:
        by_files(broker.data_dir, topic, history)
    verify_offline(broker.data_dir, report, what, derived_may_be_bad)
