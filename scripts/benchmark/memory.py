"""Memory that a virtual machine's host has given once, and does not take back while rows are measured.

A guest with free page reporting gives its free pages back to its host. The next program that touches one waits until
the host has found a page again, some microseconds each: whoever fills the page cache pays that, and what it costs
depends on what ran before. A machine of its own has nothing of the kind.
"""
import contextlib
import mmap
import os
import pathlib
import re

from benchmark.runner import say
from benchmark.servers import Failed

REPORTING = pathlib.Path("/sys/module/page_reporting/parameters/page_reporting_order")
NEVER = 11  # Larger than any block of free pages that Linux keeps.
LEFT_FREE = 3 << 29  # Bytes that stay untouched, so that nothing is pushed out.
PIECE = 64 << 20


def available():
    text = pathlib.Path("/proc/meminfo").read_text(encoding="ascii")
    return int(re.search(r"MemAvailable:\s*(\d+)", text).group(1)) << 10


def touch_all():
    """Writes to every page that is to be had, in a process of its own, whose end gives them back to the kernel."""
    child = os.fork()
    if child == 0:
        size = max(available() - LEFT_FREE, 0) // PIECE * PIECE
        if size:
            memory = mmap.mmap(-1, size)
            page = b"x" * PIECE
            for first in range(0, size, PIECE):
                memory[first:first + PIECE] = page
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if status != 0:
        raise Failed(f"touching all memory ended with status {status}")


@contextlib.contextmanager
def held(wanted=True):
    """Inside of it, and if `wanted`, free pages stay with the guest."""
    if not wanted:
        yield
        return
    if not REPORTING.exists():
        say("this kernel reports no free pages to a host: memory is only touched once")
        touch_all()
        yield
        return
    if not os.access(REPORTING, os.W_OK):
        raise Failed(f"--hold-memory writes {REPORTING}, which takes root")
    before = REPORTING.read_text(encoding="ascii")
    REPORTING.write_text(str(NEVER), encoding="ascii")
    try:
        say("touching all memory once")
        touch_all()
        yield
    finally:
        REPORTING.write_text(before, encoding="ascii")
