"""Processes that share a directory, for owner_runs.py: producers that are fed line by line, and a tail."""
import json
import os
import pathlib
import subprocess
import threading
import time

from harness import tool

TOPIC = "shared"
FORMAT = "%o %k %v %e\\n"


def command(directory, *arguments):
    return [tool("qalam"), "--dir", str(directory), *map(str, arguments)]


def run(directory, *arguments, check=True, stdin=None, timeout=60):
    done = subprocess.run(command(directory, *arguments), input=stdin, capture_output=True, timeout=timeout,
                          stdin=None if stdin is not None else subprocess.DEVNULL)
    if check and done.returncode != 0:
        raise AssertionError(f"qalam {' '.join(map(str, arguments))} ended with {done.returncode}:\n"
                             f"{done.stderr.decode(errors='replace')}")
    return done


def owner_pid(directory):
    """Who has the lock, as its file says; 0 while somebody is writing it."""
    for line in (pathlib.Path(directory) / ".lock").read_text().splitlines():
        if line.startswith("pid="):
            return int(line[4:] or 0)
    return 0


def owner_epoch(directory):
    for line in (pathlib.Path(directory) / "meta.properties").read_text().splitlines():
        if line.startswith("owner.epoch="):
            return int(line.split("=")[1])
    return 0


class Producer(threading.Thread):
    """One `qalam produce`, fed with numbered lines until it is told to stop, or dies; keeps when what was acknowledged."""

    def __init__(self, directory, number, records_per_second, timeout_ms=60_000, arguments=(), environment=None):
        super().__init__(daemon=True)
        self.number = number
        self.pause = 0.005
        self.per_tick = max(1, round(records_per_second * self.pause))
        self.sent = 0
        self.sends = []  # (monotonic time before, first, one after the last)
        self.acks = []  # (monotonic time, offset, epoch)
        self.stopping = threading.Event()
        self.errors = ""
        self.process = subprocess.Popen(
            command(directory, "produce", TOPIC, "-p", 0, "-k", f"p{number}", "-o", "json", "--progress", "off",
                    "-X", f"delivery.timeout.ms={timeout_ms}", "-X", "batch.size=1024", *arguments),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**os.environ, **(environment or {})})
        self.readers = [threading.Thread(target=self.read_acks, daemon=True),
                        threading.Thread(target=self.read_errors, daemon=True)]
        for reader in self.readers:
            reader.start()
        self.start()

    def read_acks(self):
        for line in self.process.stdout:
            if not line.endswith(b"\n"):
                break  # Killed in the middle of writing it.
            now = time.monotonic()
            ack = json.loads(line)
            self.acks.append((now, ack["offset"], ack["leader_epoch"]))

    def read_errors(self):
        self.errors = self.process.stderr.read().decode(errors="replace")

    def run(self):
        try:
            while not self.stopping.is_set():
                lines = b"".join(b"%d\n" % i for i in range(self.sent, self.sent + self.per_tick))
                # Counted before: what a process that dies has read is not known.
                self.sends.append((time.monotonic(), self.sent, self.sent + self.per_tick))
                self.sent += self.per_tick
                self.process.stdin.write(lines)
                self.process.stdin.flush()
                self.stopping.wait(self.pause)
            self.process.stdin.close()
        except (BrokenPipeError, OSError):
            pass

    def finish(self, timeout=60):
        self.stopping.set()
        self.join(timeout)
        code = self.process.wait(timeout)
        for reader in self.readers:
            reader.join(timeout)
        return code

    def kill(self):
        self.process.kill()
        self.finish()


class Tail:
    """One `qalam consume --follow` from the start: keeps offset, key, value and epoch of every record, and when it came."""

    def __init__(self, directory):
        self.records = []
        self.times = []
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            command(directory, "consume", f"{TOPIC}:0", "--from", "start", "-f", "--format", FORMAT),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            if not line.endswith(b"\n"):
                break  # Killed in the middle of writing it.
            self.times.append(time.monotonic())
            self.records.append(line.split())

    def gapless(self):
        return all(int(record[0]) == i for i, record in enumerate(self.records))

    def end(self):
        self.process.terminate()
        self.process.wait(60)
        self.reader.join(60)
        self.process.stderr.close()
