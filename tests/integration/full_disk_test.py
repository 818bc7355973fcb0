#!/usr/bin/env python3
"""A full disk: appends are refused by name, everything else goes on, and space heals it without a restart.

Needs root and loop devices (a small ext4 of its own); ends with 77, skipped, where there are none.
"""
import contextlib
import json
import os
import time

from harness import Broker, Checks, temporary_directory
from volume import open_volume

DISK_MIB = 96
SEGMENT_BYTES = 4 << 20
HEALED_SECONDS_MAX = 5.0
DELIVERY_MS = 5000  # More than a slow disk takes for what it was given at once: the refusal is to be the verdict.


def free_mib(disk):
    at = os.statvfs(disk)
    return at.f_bavail * at.f_frsize / (1 << 20)


def fill_up(disk):
    """Takes the last blocks too."""
    with open(disk / "lost+found" / "fill", "ab", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))


def fill(broker, topic):
    """Publishes until the disk is full. The offsets acknowledged, and what the producer said at its end."""
    lines = b"".join(b"%08d %s\n" % (i, b"x" * 991) for i in range(DISK_MIB * 1024))
    done = broker.qalam("produce", topic, "-p", 0, "-X", f"delivery.timeout.ms={DELIVERY_MS}", "-o", "json", "--progress", "off",
                        stdin=lines, check=False)
    return [json.loads(line)["offset"] for line in done.stdout.splitlines()], done


def healed(broker, topic):
    """Whether one record can be published again soon; in how many seconds."""
    begun = time.monotonic()
    while time.monotonic() - begun < HEALED_SECONDS_MAX:
        done = broker.qalam("produce", topic, "-p", 0, "-X", "delivery.timeout.ms=1000", stdin=b"again\n", check=False)
        if done.returncode == 0:
            return time.monotonic() - begun
    return None


def refusals(broker, check, disk):
    offsets, done = fill(broker, "events")
    check(len(offsets) > 1000 and offsets == list(range(len(offsets))), f"{len(offsets)} records fit, acknowledged in order")
    check(done.returncode == 7 and b"NO_SPACE" in done.stderr,
          f"the producer ends with 7 and says NO_SPACE; it ended with {done.returncode}: {done.stderr.decode().strip()[-400:]}")
    check(b"free" in done.stderr.lower() or b"Free" in done.stderr, "          and the way out")
    health = broker.qalam("cluster", "health", check=False)
    check(health.returncode == 10 and b"NO_SPACE" in health.stdout, "cluster health is 10 and names the partition")
    fill_up(disk)
    created = broker.qalam("topic", "create", "late", "-p", 8, check=False)
    described = broker.qalam("topic", "describe", "late", check=False)
    check(created.returncode != 0 and b"NO_SPACE" in created.stderr and described.returncode == 4,
          f"a topic can't be made, and is not there at all (exit {created.returncode}, then {described.returncode})")
    read = broker.read_all("events", 0)
    check([r[0] for r in read] == offsets, "every acknowledged record, and no other, is read from the full disk")
    check(broker.process.poll() is None, f"the broker serves on; {free_mib(disk):.1f} MiB free")
    return offsets


def heals(broker, check, disk, what, *command):
    before = free_mib(disk)
    broker.qalam(*command)
    took = healed(broker, "events")
    check(took is not None, f"{what}: published again after {took or HEALED_SECONDS_MAX:.1f} s")
    until = time.monotonic() + HEALED_SECONDS_MAX
    while free_mib(disk) < before + SEGMENT_BYTES / (1 << 20) and time.monotonic() < until:
        time.sleep(0.1)
    check(free_mib(disk) > before + SEGMENT_BYTES / (1 << 20), f"          free: {before:.1f} -> {free_mib(disk):.1f} MiB")


def main():
    check = Checks()
    with temporary_directory() as tmp, open_volume(tmp, "data", mib=DISK_MIB) as volume:
        disk = volume.path
        with Broker(disk, settings=["log.retention.check.interval.ms=1000"]) as broker:
            settings = ["-c", f"segment.bytes={SEGMENT_BYTES}", "-c", "file.delete.delay.ms=200"]
            for topic in ("events", "other"):
                broker.qalam("topic", "create", topic, "-p", 1, *settings)
            offsets = refusals(broker, check, disk)
            heals(broker, check, disk, "trim", "topic", "trim", "events", "-p", 0, "--before", offsets[len(offsets) // 2], "--yes")
            check(broker.qalam("cluster", "health", check=False).returncode == 0, "cluster health is 0 again")
            fill(broker, "events")
            heals(broker, check, disk, "retention by size", "topic", "alter", "events", "-c", f"retention.bytes={4 * SEGMENT_BYTES}")
            broker.qalam("topic", "alter", "events", "-c", "retention.bytes=-1")
            fill(broker, "events")
            heals(broker, check, disk, "retention by time", "topic", "alter", "events", "-c", "retention.ms=1000")
            broker.qalam("topic", "alter", "events", "-c", "retention.ms=-1")
            fill(broker, "other")
            heals(broker, check, disk, "deleting a topic", "topic", "delete", "other", "--yes")
            records = [r[0] for r in broker.read_all("events", 0)]
            check(records == list(range(records[0], records[0] + len(records))), "what is left has no gap")
            check(broker.stop() == 0, "and a clean stop")
    check.finish()


if __name__ == "__main__":
    main()
