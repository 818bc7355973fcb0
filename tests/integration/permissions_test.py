#!/usr/bin/env python3
"""Everything in a data directory belongs to its owner alone: directories 0700, files and the socket 0600.

A broker is started with an open umask and made to write all kinds of files (topics, rolled segments, settings, a
second start); each is looked at, while it runs and after it stopped. Usage: permissions_test.py
"""
import os
import stat

from harness import Broker, Checks, temporary_directory

check = Checks()


def wrong_modes(directory):
    """(path, mode) of what others could read, write or search."""
    wrong = []
    for folder, _, names in os.walk(directory):
        for path in [folder, *(os.path.join(folder, name) for name in names)]:
            try:
                mode = os.lstat(path).st_mode
            except FileNotFoundError:  # RocksDB removes old files at any time.
                continue
            if stat.S_IMODE(mode) != (0o700 if stat.S_ISDIR(mode) else 0o600):
                wrong.append((os.path.relpath(path, directory), oct(stat.S_IMODE(mode))))
    return wrong


def look(directory, when):
    wrong = wrong_modes(directory)
    files = sum(len(names) for _, _, names in os.walk(directory))
    segments = len(list(directory.glob("log/orders-*/*.log")))
    check(files >= 20 and segments >= 4, f"{when}: {files} files, {segments} segments: enough to look at")
    check(not wrong, f"{when}: all are their owner's alone" + (f", but {wrong}" if wrong else ""))


def main():
    os.umask(0)  # What a careless start script would leave.
    with temporary_directory() as base:
        directory = base / "data"
        broker = Broker(directory)
        lines = "".join(f"{i:06}{'x' * 200}\n" for i in range(20_000)).encode()
        with broker:
            broker.qalam("topic", "create", "orders", "-p", 2, "-c", "segment.bytes=1MiB")
            broker.qalam("produce", "orders", stdin=lines)
            broker.qalam("config", "set", "log.retention.ms=100000000")
            look(directory, "running")
            check(stat.S_ISSOCK(os.lstat(directory / "qalam.sock").st_mode), "the socket was among them")
        look(directory, "stopped")
        with broker:
            broker.qalam("produce", "orders", stdin=b"again\n")
            look(directory, "started again")
        existing = base / "existing"
        existing.mkdir(mode=0o777)
        with Broker(existing):
            check(not wrong_modes(existing), "a directory that was there, open to all, is closed")
    check.finish()


main()
