"""Histories (tests/qa/README.md): what the Python side notes, and the verdict of qalam-qa-check on a whole one."""
import json
import subprocess
import threading
import time
import zlib

from qalam_qa import programs


def now_ns():
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


def value_of(token, value_bytes):
    """The value of a record of ours; the same bytes as MakeValue of tests/qa/load/payload.cc."""
    value = bytearray(token.encode() + b"|")
    state = zlib.crc32(token.encode()) | 1
    mask = (1 << 64) - 1
    while len(value) < value_bytes:
        state ^= (state << 13) & mask
        state ^= state >> 7
        state ^= (state << 17) & mask
        value += state.to_bytes(8, "little")[:value_bytes - len(value)]
    return bytes(value)


def digest_of(key, value):
    return f"{zlib.crc32(value, zlib.crc32(key)):08x}"


def token_of(key, value):
    """The token of a record of ours; None if these bytes are none."""
    end = value.find(b"|")
    token = value[:max(end, 0)]
    dash = token.rfind(b"-")
    if end <= 0 or dash < 0 or token[:dash] != key:
        return None
    if any(c <= 0x20 or c >= 0x7f or c in b'"\\' for c in token):
        return None
    return token.decode()


class History:
    """One history, as the files of its recorders. Thread: any."""

    def __init__(self, path, **plan):
        self.path = path
        self.parts = [path]
        self.file = open(path, "w", encoding="utf-8")
        self.lock = threading.Lock()
        self.note("plan", **{"acks_min": 1, "reads_min": 0, "readbacks_min": 3, **plan})

    def note(self, event, t_ns=None, **fields):
        line = json.dumps({"event": event, "t_ns": now_ns() if t_ns is None else t_ns, **fields})
        with self.lock:
            self.file.write(line + "\n")

    def part(self, name):
        """The file of another recorder of the same history."""
        path = self.path.with_name(f"{self.path.stem}.{name}.jsonl")
        self.parts.append(path)
        return path

    def readback(self, partition, way, begin_ns, log_start, log_end, records):
        """`records`: (offset, key, value, epoch, append_ms), in the order in which they were read."""
        t_ns = now_ns()
        lines = [json.dumps({"event": "readback", "t_ns": t_ns, "partition": partition, "begin_ns": begin_ns,
                             "way": way, "log_start": log_start, "log_end": log_end})]
        for offset, key, value, epoch, append_ms in records:
            token = token_of(key or b"", value or b"")
            lines.append(f'{{"event":"found","t_ns":{t_ns},"partition":"{partition}","way":"{way}","offset":{offset},'
                         f'"record":{json.dumps(token)},"digest":"{digest_of(key or b"", value or b"")}",'
                         f'"epoch":{epoch},"append_ms":{max(append_ms, 0)}}}')
        with self.lock:
            self.file.write("\n".join(lines) + "\n")

    def whole(self):
        """All parts in one file; its path."""
        self.file.flush()
        path = self.path.with_name(f"{self.path.stem}.whole.jsonl")
        with open(path, "wb") as out:
            for part in self.parts:
                if part.exists():
                    out.write(part.read_bytes())
        return path

    def judge(self, report, what):
        """The checker's verdict, counted as one check. True: passed."""
        path = self.whole()
        done = subprocess.run([programs.find("qalam-qa-check"), str(path)], capture_output=True, text=True, check=False)
        held = done.returncode == 0
        said = "" if held else "\n      " + "\n      ".join(done.stdout.strip().splitlines()[:40])
        report.count(held, f"{what}: the history {'holds' if held else 'does not hold'}{said}")
        return held
