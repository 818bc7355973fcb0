"""Data directories of every format version, as they are checked in: opened, read byte-equal, written on; a newer format
is refused by name.

tests/golden/data-directory/v<N>/ has one archive per way of ending (a clean stop, a kill) and what has to be read from
it. --make writes that of the present format; it is done once, when a format is new, and never again for the same one.
"""
import json
import shutil
import struct
import tarfile
import zlib

import grpc

from qalam_qa import programs
from qalam_qa.history import History
from qalam_qa.independent import Independent, reason_of
from qalam_qa.programs import harness
from qalam_qa.record_batches import crc32c
from qalam_qa.sender import Sender
from qalam_qa import readback

GOLDEN = programs.SOURCE / "tests" / "golden" / "data-directory"
ENDINGS = ("stopped", "killed")
SETTINGS = ["log.retention.check.interval.ms=20"]
CHECKPOINT_SLOT_BYTES = 68


def add_arguments(parser):
    parser.add_argument("--make", metavar="VERSION", help="write the golden directories of a version, for instance v1")


def run(args, report):
    if args.make:
        make(GOLDEN / args.make, report)
        return
    versions = sorted(path for path in GOLDEN.iterdir() if path.is_dir())
    report.check(bool(versions), f"golden directories: {[path.name for path in versions]}")
    for version in versions:
        for ending in ENDINGS:
            with harness.temporary_directory() as tmp:
                open_golden(tmp, version, ending, report)
    with harness.temporary_directory() as tmp:
        refuse_newer(tmp, versions[-1], report)


# --- making ---

def make(directory, report):
    directory.mkdir(parents=True)
    for ending in ENDINGS:
        with harness.temporary_directory() as tmp:
            history = History(tmp / "history.jsonl")
            with harness.Broker(tmp / "data", settings=SETTINGS) as broker:
                senders = live(broker, history)
                with Independent(broker.address) as client:
                    known = describe(client, senders)
                if ending == "stopped":
                    broker.stop()
                else:
                    broker.kill()
            known["epoch"] = max(record[3] for topic in known["topics"].values() for record in topic["records"])
            (directory / f"{ending}.json").write_text(json.dumps(known, indent=None, separators=(",", ":")) + "\n")
            with tarfile.open(directory / f"{ending}.tar.xz", "w:xz") as archive:
                archive.add(tmp / "data", arcname="data", filter=nobodys)
    report.check(True, f"wrote {directory}")


def nobodys(entry):
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return None if entry.name.endswith(".sock") else entry


def live(broker, history):
    """Segments, indexes, a snapshot, two epochs, a trim, gzip, tombstones, settings, a deleted topic."""
    broker.qalam("topic", "create", "plain", "-p", 2, "-c", "segment.bytes=4096", "-c", "index.interval.bytes=256")
    broker.qalam("topic", "create", "trimmed", "-p", 1, "-c", "retention.ms=-1", "-c", "message.timestamp.type=LogAppendTime")
    broker.qalam("topic", "create", "deleted", "-p", 1)
    senders = [Sender("a", "plain", history, 0), Sender("b", "plain", history, 1), Sender("c", "trimmed", history, 0)]
    for round_number in range(2):
        with Independent(broker.address) as client:
            for _ in range(12):
                for sender in senders:
                    sender.append(client, count=3, value_bytes=150)
            client.call("LogService", "Append", topic="plain", partition=1, records=[{"key": b"none", "headers": [{"key": "h", "value": b"x"}]}, {}])
        broker.qalam("produce", "plain", "-p", 0, "-z", "gzip", stdin=b"packed 1\npacked 2\npacked 3\n")
        if round_number == 0:
            broker.qalam("topic", "trim", "trimmed", "-p", 0, "--before", 10, "--yes")
            broker.qalam("topic", "delete", "deleted", "--yes")
            broker.qalam("config", "set", "log.retention.ms=3600000000")
            broker.stop()
            broker.start()
    return senders


def describe(client, senders):
    topics = {}
    for topic in ("plain", "trimmed"):
        described = client.call("TopicService", "DescribeTopic", name=topic)
        records = []
        for info in described.partitions:
            for offset, key, value, epoch, timestamp in client.read(topic, info.partition, info.log_start_offset, info.high_watermark):
                records.append([info.partition, offset, crc_of(key, value), epoch, timestamp])
        topics[topic] = {"id": described.topic.topic_id, "config": dict(described.topic.config), "records": records,
                         "starts": [info.log_start_offset for info in described.partitions],
                         "ends": [info.high_watermark for info in described.partitions]}
    return {"topics": topics, "producers": [
        {"name": s.name, "topic": s.topic, "partition": s.partition, "id": s.producer_id, "epoch": s.epoch,
         "sequence": s.sequence, "serial": s.serial} for s in senders]}


def crc_of(key, value):
    """Null and empty differ."""
    return f"{zlib.crc32(repr((key, value)).encode()):08x}"


# --- opening ---

def unpack(tmp, version, ending):
    with tarfile.open(version / f"{ending}.tar.xz") as archive:
        archive.extractall(tmp)
    return tmp / "data"


def open_golden(tmp, version, ending, report):
    what = f"{version.name}, {ending}"
    known = json.loads((version / f"{ending}.json").read_text())
    data = unpack(tmp, version, ending)
    history = History(tmp / "history.jsonl")
    with harness.Broker(data, settings=SETTINGS, arguments=["--adopt-copy"]) as broker:
        with Independent(broker.address) as client:
            now = describe(client, [])
            for name, topic in known["topics"].items():
                for field, value in topic.items():
                    report.check(now["topics"][name][field] == value, f"{what}: {field} of {name}"
                                 + (f" ({len(value)}, byte-equal)" if field == "records" else ""))
            names = {topic.name for topic in client.call("TopicService", "ListTopics").topics}
            report.check(names == set(known["topics"]), f"{what}: no topic beside {sorted(names)}")
            write_on(client, known, history, what, report)
        for name, topic in known["topics"].items():
            read = readback.by_client(broker, name, History(tmp / f"{name}.jsonl"))
            more = sum(len(p["more"]) for p in known["producers"] if p["topic"] == name)
            report.check(read == len(topic["records"]) + more, f"{what}: our client reads {read} records of {name}")
        report.check(broker.stop() == 0, f"{what}: a clean stop")
        readback.verify_offline(data, report, what)
        broker.arguments = []
        broker.start()
        report.check(broker.stop() == 0, f"{what}: and again, without --adopt-copy")


def write_on(client, known, history, what, report):
    """Each producer's last batch again is a duplicate at its place; the next one is new."""
    for producer in known["producers"]:
        sender = Sender(producer["name"], producer["topic"], history, producer["partition"])
        sender.producer_id, sender.epoch = producer["id"], producer["epoch"]
        sender.sequence, sender.serial = producer["sequence"], producer["serial"]
        again = client.call("LogService", "Append", topic=sender.topic, partition=sender.partition, producer_id=sender.producer_id,
                            producer_epoch=sender.epoch, base_sequence=sender.sequence - 3, records=[{"value": b"again"}] * 3)
        report.check(again.duplicate, f"{what}: the last batch of {sender.name} is known")
        report.check(sender.append(client, count=2), f"{what}: {sender.name} writes on")
        producer["more"] = [0, 1]


# --- refusing ---

def refuse_newer(tmp, version, report):
    data = unpack(tmp, version, "stopped")
    properties = data / "meta.properties"
    text = properties.read_bytes().replace(b"version=1\n", b"version=2\n")
    body = text[:text.index(b"crc32c=")]
    properties.write_bytes(body + b"crc32c=%08x\n" % crc32c(body))
    broker = harness.Broker(data, arguments=["--adopt-copy"])
    try:
        broker.start()
        report.check(False, "a newer data directory was opened")
    except AssertionError:
        log = broker.log_tail()
        report.check(broker.process.poll() == 78 and "UNSUPPORTED_FORMAT" in log and "2" in log,
                     f"a newer data directory is refused by name (exit {broker.process.poll()})")
    finally:
        broker.__exit__(None, None, None)
    shutil.rmtree(data)
    refuse_newer_checkpoint(unpack(tmp, version, "stopped"), report)


def refuse_newer_checkpoint(data, report):
    """One partition of a newer format is refused; the others serve."""
    path = data / "log" / "plain-0" / "durable-checkpoint"
    slots = bytearray(path.read_bytes())
    for at in (0, 4096):
        if slots[at:at + 4] == b"QLDP":
            struct.pack_into(">H", slots, at + 4, 2)
            body = bytes(slots[at:at + CHECKPOINT_SLOT_BYTES - 4])
            struct.pack_into(">I", slots, at + CHECKPOINT_SLOT_BYTES - 4, crc32c(body))
    path.write_bytes(slots)
    with harness.Broker(data, arguments=["--adopt-copy"]) as broker, Independent(broker.address) as client:
        try:
            client.call("LogService", "Fetch", topic="plain", partition=0, offset=0)
            report.check(False, "a partition of a newer format was read")
        except grpc.RpcError as error:
            report.check(reason_of(error) == "UNSUPPORTED_FORMAT", f"a partition of a newer format: {reason_of(error)}")
        other = client.call("LogService", "Fetch", topic="plain", partition=1, offset=0)
        report.check(len(other.batches) > 0, "its neighbour is read")
        broker.stop()
