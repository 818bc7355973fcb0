#!/usr/bin/env python3
"""`qalam bench ceiling`: its lines, and that it leaves no process and no file, however it ends.

Figures are not judged here: the runs are far too short. The full disk needs root and loop devices.
"""
import contextlib
import json
import os
import pathlib
import signal
import subprocess
import time

from harness import Checks, file_system_of, temporary_directory, tool

check = Checks()
FIELDS = ["way", "records", "seconds", "records_per_s", "mb_per_s", "ack_ms", "durability", "server_cpu_us_per_record",
          "client_cpu_us_per_record"]
DISK_MIB = 64


def command(*arguments):
    return [tool("qalam"), "bench", "ceiling", *map(str, arguments)]


def ceiling(*arguments):
    return subprocess.run(command(*arguments), capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL)


def servers(directory):
    """Ids of the servers that write below `directory`."""
    found = []
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (process / "cmdline").read_bytes().split(b"\0")
            if b"__ceiling" in words and any(word.startswith(bytes(directory)) for word in words):
                found.append(int(process.name))
    return found


def nothing_left(directory, how):
    end = time.monotonic() + 20
    while (servers(directory) or list(directory.iterdir())) and time.monotonic() < end:
        time.sleep(0.05)
    check(not servers(directory) and not list(directory.iterdir()), f"          {how}: no process and no file is left")


def measures(tmp):
    done = ceiling(tmp, "--seconds", 1, "-o", "json")  # A sync may take a quarter of that.
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    left_out = {line.split(":")[0] for line in done.stderr.splitlines() if "left out" in line}
    ways = [line["way"] for line in lines[:-1]]
    check(done.returncode == 0 and ways == [w for w in ("direct", "zeroed", "buffered", "writeback") if w not in left_out],
          f"a line for every way that writes {ways} {done.stderr.strip()}")
    check(all(list(line)[:len(FIELDS)] == FIELDS for line in lines), "          with the fields of the contract, in order")
    check(all(line["durability"] == "fsync" and line["records"] > 0 and line["server_cpu_us_per_record"] > 0 and
              line["client_cpu_us_per_record"] > 0 for line in lines), "          that make sense")
    best = max(lines[:-1], key=lambda line: line["records_per_s"])
    check(lines[-1] == {**best, "best": True} and not any(line["best"] for line in lines[:-1]), "          and the best one again")
    nothing_left(tmp, "afterwards")
    done = ceiling("--write", "none", "--connections", 8, "--in-flight", 1, "--batch", 200, "--seconds", 0.2, "-o", "json")
    line = json.loads(done.stdout)
    check(line["durability"] == "memory" and line["connections"] == 8 and line["records"] > 0, "the transport alone, 8 in ping-pong")
    done = ceiling(tmp, "--write", "buffered", "--ack", "write", "--size", 1024, "--seconds", 0.2)
    check(done.returncode == 0 and "acknowledged: os" in done.stdout, "acknowledged after the write, said as a sentence")


def refusals(tmp):
    for what, code, arguments in (("no such directory", 4, [tmp / "nowhere"]), ("a file", 4, [__file__]),
                                  ("a way that is none", 2, ["--write", "raw"]), ("an ack that is none", 2, ["--ack", "maybe"]),
                                  ("too little space", 2, ["--space", "1MiB"]), ("too much under way", 2, ["--connections", 256, "--in-flight", 4096])):
        done = ceiling(*arguments)
        check(done.returncode == code and "error:" in done.stderr, f"exit {code}: {what} {done.stderr.strip()[:100]}")
    if file_system_of("/dev/shm") == "tmpfs":
        done = ceiling("/dev/shm", "--seconds", 0.2)
        check(done.returncode == 2 and "tmpfs" in done.stderr, "exit 2: a sync on tmpfs")
        check(ceiling("/dev/shm", "--write", "buffered", "--ack", "write", "--seconds", 0.2).returncode == 0, "          but a write there is one")


@contextlib.contextmanager
def running(tmp):
    with subprocess.Popen(command(tmp, "--write", "direct", "--seconds", 60), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, stdin=subprocess.DEVNULL, start_new_session=True) as process:
        end = time.monotonic() + 30
        while not list(tmp.glob("qalam-ceiling-*/segment-*")) and time.monotonic() < end:
            time.sleep(0.02)
        time.sleep(0.3)
        yield process
        process.communicate(timeout=30)


def endings(tmp):
    with running(tmp) as process:
        os.killpg(process.pid, signal.SIGINT)  # As a terminal does.
        out, err = process.communicate(timeout=30)
        check(process.returncode == 130 and not out and not err, f"Ctrl-C: exit {process.returncode} {err}")
    nothing_left(tmp, "after Ctrl-C")
    with running(tmp) as process:
        process.kill()
    nothing_left(tmp, "after SIGKILL")
    with running(tmp) as process:
        for server in servers(tmp):
            os.kill(server, signal.SIGKILL)
        out, err = process.communicate(timeout=30)
        check(process.returncode == 1 and not out and "ended before its time" in err, f"a server that is killed: exit {process.returncode} {err.strip()}")
    nothing_left(tmp, "after the server's SIGKILL")


def full_disk(tmp):
    image, disk = tmp / "disk.img", tmp / "disk"
    disk.mkdir()
    with open(image, "wb") as file:
        file.truncate(DISK_MIB << 20)
    for step in (["mkfs.ext4", "-q", "-m", "0", image], ["mount", "-o", "loop", image, disk]):
        done = subprocess.run(list(map(str, step)), capture_output=True, text=True, check=False)
        if done.returncode != 0:
            print(f"the full disk is left out: {step[0]}: {done.stderr.strip()}")
            return
    try:
        room = disk / "room"
        room.mkdir()
        for way in ("direct", "zeroed", "buffered", "writeback"):
            done = ceiling(room, "--write", way, "--seconds", 20)
            check(done.returncode == 1 and "NO_SPACE" in done.stderr and not done.stdout, f"a full disk, {way}: {done.stderr.strip()[:120]}")
            nothing_left(room, "then")
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def main():
    with temporary_directory() as tmp:
        for part in (measures, refusals, endings, full_disk):
            directory = tmp / part.__name__
            directory.mkdir()
            part(directory)
    check.finish()


if __name__ == "__main__":
    main()
