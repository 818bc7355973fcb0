"""What owner_runs.py saw, as a history for qalam-qa-check (tests/qa/README.md), which judges it by its own rules."""
import hashlib
import json
import pathlib
import subprocess

from harness import BIN

PARTITION = "shared/0"


def checker():
    path = BIN / "tests/qa/checker/qalam-qa-check"
    return path if path.is_file() else None


def nanoseconds(seconds):
    return int(seconds * 1e9)


def content(key, value):
    """The token and the digest of a record; null for one that nobody of ours can have sent."""
    if not (key.startswith(b"p") and value.isdigit()):
        return None, hashlib.sha256(key + b" " + value).hexdigest()[:16]
    token = f"{key.decode()}-{value.decode()}"
    return token, hashlib.sha256(token.encode()).hexdigest()[:16]


def events(producers, tails, kills, readback):
    """`kills`: times; `readback`: (begin, end, [[offset, key, value, epoch] as bytes]).

    The command line does not print watermarks: every read has the final one, so that their rules say nothing.
    """
    yield {"event": "plan", "t_ns": 0, "acks_min": 1, "reads_min": 1, "readbacks_min": 1,
           "faults": ["kill"] if kills else []}
    for at in kills:
        yield {"event": "fault", "t_ns": nanoseconds(at), "name": "kill"}
    stored = {int(offset): int(epoch) for offset, _, _, epoch in readback[2]}
    for producer in producers:
        key = f"p{producer.number}"
        for at, first, end in producer.sends:
            for i in range(first, end):
                token, digest = content(key.encode(), b"%d" % i)
                yield {"event": "send", "t_ns": nanoseconds(at), "partition": PARTITION, "producer": key, "seq": i,
                       "record": token, "digest": digest, "idempotent": True}
        for i, (at, offset, epoch) in enumerate(producer.acks):
            if offset >= 0:
                # A batch that was sent again is answered under the epoch of whoever answers, and lies there under that of
                # the owner that wrote it and died.
                yield {"event": "ack", "t_ns": nanoseconds(at), "partition": PARTITION, "record": f"{key}-{i}",
                       "offset": offset, "epoch": min(epoch, stored.get(offset, epoch)), "durability": "fsync"}
    for number, tail in enumerate(tails):
        for at, (offset, key, value, epoch) in zip(tail.times, tail.records):
            token, digest = content(key, value)
            yield {"event": "read", "t_ns": nanoseconds(at), "begin_ns": nanoseconds(tail.started), "partition": PARTITION,
                   "reader": f"tail-{number}", "offset": int(offset), "record": token, "digest": digest,
                   "epoch": int(epoch), "append_ms": 0, "high_watermark": len(readback[2])}
    begin, end, records = readback
    yield {"event": "readback", "t_ns": nanoseconds(end), "begin_ns": nanoseconds(begin), "partition": PARTITION,
           "way": "client", "log_start": 0, "log_end": len(records)}
    for offset, key, value, epoch in records:
        token, digest = content(key, value)
        yield {"event": "found", "t_ns": nanoseconds(end), "partition": PARTITION, "way": "client", "offset": int(offset),
               "record": token, "digest": digest, "epoch": int(epoch), "append_ms": 0}


def judge(directory, producers, tails, kills, readback):
    """What the checker says, and whether it found nothing."""
    path = pathlib.Path(directory).parent / "owner.jsonl"
    with open(path, "w", encoding="utf-8") as file:
        for event in events(producers, tails, kills, readback):
            file.write(json.dumps(event) + "\n")
    done = subprocess.run([checker(), path], capture_output=True, text=True, timeout=300, check=False)
    return done.returncode == 0, " / ".join((done.stdout + done.stderr).splitlines()[:12])
