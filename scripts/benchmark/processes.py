"""What the kernel knows of a server, and how it is held still."""
import os
import pathlib
import re
import signal

TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid):
    """User and system time of all threads, living and ended."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory_mib(pid, field="VmRSS"):
    """VmRSS: resident now; VmHWM: at its highest."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(re.search(rf"{field}:\s+(\d+)", status).group(1)) / 1024


def hold(pid):
    os.kill(pid, signal.SIGSTOP)


def let_go(pid):
    os.kill(pid, signal.SIGCONT)


def forget_pages(directory):
    """Drops the files of a directory from the page cache, so that reading them goes to the disk."""
    os.sync()
    for path in pathlib.Path(directory).rglob("*"):
        if path.is_file():
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            finally:
                os.close(descriptor)
