"""What a figure depends on: the machine, the versions, the commit."""
import os
import pathlib
import platform
import re
import subprocess
import time


def output_of(*command):
    """First line of what a command prints, or None if it can't be run."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired):
        return None
    lines = (done.stdout or done.stderr).strip().splitlines()
    return lines[0].strip() if done.returncode == 0 and lines else None


def file_system_of(path):
    """Type of the file system that holds `path`, such as ext4."""
    path = pathlib.Path(path).resolve()
    best = (0, "?")
    for line in pathlib.Path("/proc/mounts").read_text(encoding="utf-8").splitlines():
        _, mount, kind, *_ = line.split()
        if path == pathlib.Path(mount) or pathlib.Path(mount) in path.parents:
            best = max(best, (len(mount), kind))
    return best[1]


def sync_us(directory, times=200):
    """Median microseconds of a write of 4 KiB at the end of a file and its fdatasync."""
    path = pathlib.Path(directory) / "sync-probe"
    took = []
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
    try:
        for _ in range(times):
            begun = time.monotonic()
            os.write(descriptor, b"x" * 4096)
            os.fdatasync(descriptor)
            took.append(time.monotonic() - begun)
    finally:
        os.close(descriptor)
        path.unlink()
    return round(sorted(took)[times // 2] * 1e6)


def busy_share(seconds=2):
    """Share of all cores' time that somebody else uses now, 0 to 1: figures of a busy machine mean little."""
    def times():
        fields = [int(field) for field in pathlib.Path("/proc/stat").read_text(encoding="utf-8").split()[1:9]]
        return sum(fields), fields[3] + fields[4]

    total, idle = times()
    time.sleep(seconds)
    total_after, idle_after = times()
    return round(1 - (idle_after - idle) / max(total_after - total, 1), 2)


def facts(work_directory):
    cpu = re.search(r"model name\s*:\s*(.*)", pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    memory = re.search(r"MemTotal:\s*(\d+)", pathlib.Path("/proc/meminfo").read_text(encoding="utf-8"))
    release = pathlib.Path("/etc/os-release").read_text(encoding="utf-8")
    busy = busy_share()
    return {
        "busy_before": busy,
        "cores": len(os.sched_getaffinity(0)),
        "cpu": cpu.group(1) if cpu else platform.machine(),
        "memory_gib": round(int(memory.group(1)) / 2**20, 1),
        "system": re.search(r'PRETTY_NAME="(.*)"', release).group(1),
        "kernel": platform.release(),
        "file_system": file_system_of(work_directory),
        "sync_4k_us": sync_us(work_directory),
    }


def commit_of(root):
    """Commit of the checkout, with "+" if tracked files differ from it."""
    commit = output_of("git", "-C", str(root), "rev-parse", "--short=12", "HEAD") or "unknown"
    changed = output_of("git", "-C", str(root), "status", "--porcelain", "--untracked-files=no")
    return commit + ("+" if changed else "")
