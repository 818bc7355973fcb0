#!/usr/bin/env python3
"""Where a smart client can't own a directory, and who else must not keep it: a full or read-only disk, another user,
children of a dead owner. Each time the error is typed, says what to do, and changes nothing.

Needs root and loop devices; ends with 77, skipped, where there are none.
"""
import os
import pathlib
import subprocess
import time

from full_disk_test import DISK_MIB, fill_up
from harness import Checks, temporary_directory, tool
from owner_load import TOPIC, command, owner_pid, run
from volume import open_volume

NOBODY = 65534


def everything(directory):
    """Names, sizes and times of all below a directory, but for who had the lock last."""
    return {str(path): (at.st_size, at.st_mtime_ns) for path in pathlib.Path(directory).rglob("*")
            for at in [path.lstat()] if path.name != ".lock"}


def refused(check, directory, word, code, what, prefix=(), below=""):
    before = everything(directory / below)
    done = subprocess.run([*prefix, *command(directory, "--timeout", "1s", "topic", "list")], capture_output=True,
                          text=True, timeout=60, check=False)
    lines = done.stderr.splitlines()
    check(done.returncode == code and word in done.stderr and len(lines) >= 2, f"{what}: {done.returncode}, {lines[:2]}")
    check(everything(directory / below) == before, f"{what}: nothing is changed{' in ' + below if below else ''}")


def disks(check, tmp):
    with open_volume(tmp, "data", mib=DISK_MIB) as volume:
        disk = volume.path
        data = disk / "data"
        run(data, "topic", "create", TOPIC, "-p", 1)
        run(data, "produce", TOPIC, stdin=b"kept\n")
        fill = disk / "lost+found" / "fill"
        fill_up(disk)
        # The owner epoch is counted before anything else may be found out.
        refused(check, data, "NO_SPACE", 1, "a full disk", below="log")
        fill.unlink()
        out = run(data, "consume", f"{TOPIC}:0", "--from", "start", "-e").stdout
        check(out == b"kept\n", "with space again it opens, with all that was there")
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        refused(check, data, "DIRECTORY_UNUSABLE", 1, "a read-only disk")
        subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)


def strangers(check, tmp):
    data = tmp / "mine"
    run(data, "topic", "create", TOPIC, "-p", 1)
    os.chmod(tmp, 0o755)
    os.chmod(data, 0o755)
    as_nobody = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    refused(check, data, "belongs to user 0", 1, "another user's directory", as_nobody)
    owner = subprocess.Popen(command(data, "consume", f"{TOPIC}:0", "-f"), stdout=subprocess.DEVNULL)
    while owner_pid(data) != owner.pid or not (data / "qalam.sock").exists():
        time.sleep(0.01)
    refused(check, data, "belongs to user 0", 1, "another user's directory with an owner", as_nobody)
    asked = subprocess.run([*as_nobody, tool("qalam"), "owner", str(data)], capture_output=True, text=True, timeout=60,
                           check=False)
    check(asked.returncode == 5 and "PERMISSION_DENIED" in asked.stderr,
          f"another user's owner does not answer: {asked.stderr.splitlines()[:1]}")
    owner.terminate()
    owner.wait(60)


def children(check, tmp):
    """What an owner started outlives it, and must not keep its lock or its sockets."""
    data = tmp / "parents"
    run(data, "topic", "create", TOPIC, "-p", 1)
    run(data, "produce", TOPIC, stdin=b"one\n")
    mark = tmp / "mark"
    owner = subprocess.Popen(command(data, "consume", f"{TOPIC}:0", "--from", "start", "-f", "--exec",
                                     f"echo $$ > {mark}; exec sleep 600"), stdout=subprocess.DEVNULL)
    end = time.monotonic() + 30
    while not (mark.exists() and mark.read_text().strip()) and time.monotonic() < end:
        time.sleep(0.01)
    check(owner_pid(data) == owner.pid, "the owner has started a program that goes on")
    owner.kill()
    owner.wait()
    child = int(mark.read_text())
    begun = time.monotonic()
    out = run(data, "consume", f"{TOPIC}:0", "--from", "start", "-e").stdout
    alive = pathlib.Path(f"/proc/{child}").exists()
    check(out == b"one\n" and alive,
          f"its directory has a new owner {(time.monotonic() - begun) * 1000:.0f} ms after its death, beside its child")
    os.kill(child, 9)


def main():
    check = Checks()
    with temporary_directory() as tmp:
        disks(check, tmp)
        strangers(check, tmp)
        children(check, tmp)
    check.finish()


if __name__ == "__main__":
    main()
