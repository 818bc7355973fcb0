#!/usr/bin/env python3
"""The disk fails under a program that owns a directory (docs/how-to/embed.md): its own user, its proxies, and what is left.

A sync of the log fails once, through tests/qa/faults. What was under way is answered AMBIGUOUS or LOG_FAILED, to the program
itself and to its proxies. It gives the directory up for good; a proxy takes it, reads again what the disk holds, and all go on. Without one,
the program ends with the error, and the next one to open the directory finds all that was acknowledged.
"""
import errno
import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "qa"))

from harness import Checks, temporary_directory
from owner_load import FORMAT, TOPIC, Producer, Tail, owner_epoch, owner_pid, run
from owner_runs import wait_for
from qalam_qa.faults import Faults

check = Checks()
DOCUMENTED = {"AMBIGUOUS", "LOG_FAILED"}


def stored(directory):
    out = run(directory, "consume", f"{TOPIC}:0", "--from", "start", "-e", "--format", FORMAT).stdout
    return [line.split() for line in out.splitlines()]


def told(producer):
    """The words of the errors that a `qalam produce -o json` told of."""
    return {json.loads(line)["error"]["code"] for line in producer.errors.splitlines() if line.startswith('{"error"')}


def judge(records, producers):
    check(all(int(record[0]) == i for i, record in enumerate(records)), f"{len(records)} records, offsets dense from 0")
    lost = [(p.number, offset) for p in producers for _, offset, _ in p.acks if offset >= 0 and records[offset][1] != f"p{p.number}".encode()]
    check(not lost, f"all {sum(len(p.acks) for p in producers)} acknowledged are at their offsets {lost[:3]}")
    for producer in producers:
        numbers = [int(value) for _, key, value, _ in records if key == f"p{producer.number}".encode()]
        check(numbers == sorted(set(numbers)), f"nothing of p{producer.number} is there twice")


def with_proxies(tmp):
    directory = tmp / "shared"
    run(directory, "topic", "create", TOPIC, "-p", 1)
    faults = Faults(tmp, directory)
    owner = Producer(directory, "owner", 200, arguments=["--keep-going"], environment=faults.environment())
    wait_for(lambda: owner.acks, "the owner is acknowledged")
    proxy = Producer(directory, "proxy", 200, arguments=["--keep-going"])
    tail = Tail(directory)
    wait_for(lambda: proxy.acks and tail.records, "the proxies are at work")
    pid, epoch = owner_pid(directory), owner_epoch(directory)
    check(pid == owner.process.pid, "the first one owns the directory")
    faults.arm(["sync"], 1, "fail", errno.EIO)
    # The lock comes first, then the name in it, then the epoch.
    wait_for(lambda: owner_pid(directory) not in (pid, 0) and owner_epoch(directory) > epoch, "another owner")
    check(owner_pid(directory) in (proxy.process.pid, tail.process.pid) and owner_epoch(directory) == epoch + 1,
          "a proxy owns it now, in the next epoch")
    moment = time.monotonic()
    wait_for(lambda: proxy.acks[-1][0] > moment, "the proxy is acknowledged again")
    wait_for(lambda: owner.acks[-1][0] > moment, "the program that gave up is acknowledged, as a proxy")
    # Written and not synced: AMBIGUOUS, it may be there. Come too late to be written: LOG_FAILED. Otherwise nothing.
    codes = owner.finish(), proxy.finish()
    words = told(owner) | told(proxy)
    check(words and words <= DOCUMENTED, f"whoever had something under way is told {words}, nobody anything else")
    check(all(code == (7 if told(p) else 0) for code, p in zip(codes, (owner, proxy))), f"          and exit codes say so: {codes}")
    check(tail.gapless(), f"the tail read {len(tail.records)} records without a gap")
    tail.end()
    records = stored(directory)
    judge(records, [owner, proxy])
    check(tail.records == records[:len(tail.records)], "the tail read what is there")


def alone(tmp):
    directory = tmp / "alone"
    run(directory, "topic", "create", TOPIC, "-p", 1)
    faults = Faults(tmp, directory)
    owner = Producer(directory, "owner", 200, timeout_ms=3_000, environment=faults.environment())
    wait_for(lambda: len(owner.acks) > 20, "the owner is acknowledged")
    faults.arm(["sync"], 1, "fail", errno.EIO)
    begun = time.monotonic()
    wait_for(lambda: faults.get("fired") > 0, "the fault")
    code = owner.process.wait(30)
    owner.finish()
    check(code == 7 and told(owner) and told(owner) <= DOCUMENTED, f"alone, it ends with {code} after {time.monotonic() - begun:.1f} s: {told(owner)}")
    free = run(directory, "owner").stdout
    check(b"free" in free, f"and lets go of the directory: {free.decode().strip()}")
    records = stored(directory)
    judge(records, [owner])


def main():
    with temporary_directory() as tmp:
        with_proxies(tmp)
    with temporary_directory() as tmp:
        alone(tmp)
    check.finish()


if __name__ == "__main__":
    main()
