"""Faults of system calls: the page that libqalam-qa-faults.so shares with us (tests/qa/faults/control.h)."""
import collections
import mmap
import pathlib
import re
import struct

from qalam_qa import programs

KINDS = {"write": 1, "sync": 2, "truncate": 4, "name": 8, "create": 16, "open": 32, "read": 64, "accept": 128}
DURABLE = ("write", "sync", "truncate", "name", "create")
ACTIONS = {"watch": 0, "kill": 1, "kill-half": 2, "fail": 3, "short": 4, "delay": 5, "lie": 6}
FIELDS = {"count": (8, "<Q"), "at": (16, "<Q"), "kinds": (24, "<I"), "action": (28, "<I"), "error": (32, "<i"),
          "fired": (36, "<I"), "phase": (40, "<I"), "sticky": (44, "<I"), "clock_ns": (48, "<q"), "overtaken": (600, "<Q")}
ONLY_NAME, ONLY_PLACE = 56, 88
MAGIC = 0x514C4641554C5431

Call = collections.namedtuple("Call", "number process phase kind name path")


class Faults:
    """One run's page and trace, in a directory of ours. environment() makes a process obey."""

    def __init__(self, directory, root):
        self.path = pathlib.Path(directory) / "faults.page"
        self.trace_path = pathlib.Path(directory) / "faults.trace"
        self.root = pathlib.Path(root)
        self.path.write_bytes(struct.pack("<Q", MAGIC).ljust(4096, b"\0"))
        with open(self.path, "r+b") as file:
            self.page = mmap.mmap(file.fileno(), 4096)

    def environment(self):
        return {"LD_PRELOAD": programs.find("libqalam-qa-faults.so"), "QA_FAULTS_PAGE": str(self.path),
                "QA_FAULTS_ROOT": str(self.root), "QA_FAULTS_TRACE": str(self.trace_path)}

    def get(self, field):
        at, form = FIELDS[field]
        return struct.unpack_from(form, self.page, at)[0]

    def set(self, field, value):
        at, form = FIELDS[field]
        struct.pack_into(form, self.page, at, value)

    def arm(self, kinds, at, action, error=0, sticky=False):
        """From now on calls of these kinds are counted from 1; the one with number `at` meets the action."""
        self.set("at", 0)
        self.set("kinds", sum(KINDS[kind] for kind in kinds))
        self.set("count", 0)
        self.set("fired", 0)
        self.set("action", ACTIONS[action])
        self.set("error", error)
        self.set("sticky", int(sticky))
        self.set("at", at)

    def only(self, site):
        """Counts only the calls of one place, as site_of() names it. Before any process runs."""
        name, place = site
        self.page[ONLY_NAME:ONLY_NAME + 32] = name.encode().ljust(32, b"\0")
        self.page[ONLY_PLACE:ONLY_PLACE + 512] = place.encode()[:511].ljust(512, b"\0")

    def disarm(self):
        self.set("at", 0)

    def calls(self):
        """Every counted call of the run so far."""
        if not self.trace_path.exists():
            return []
        calls = []
        for line in self.trace_path.read_text(errors="replace").splitlines():
            number, process, phase, kind, name, path = line.split(" ", 5)
            calls.append(Call(int(number), int(process), int(phase), kind, name, path))
        return calls


def file_kind(path, root):
    """What sort of file a path is, so that calls can be grouped: its place below `root` without numbers."""
    if path.startswith("/proc/self/fd/"):
        return "(opened again)"
    try:
        place = str(pathlib.PurePath(path).relative_to(root))
    except ValueError:
        place = path
    place = re.sub(r"\.[A-Za-z0-9_-]{22}-(delete|stray)", r".*-\1", place)
    return re.sub(r"[0-9]+", "N", place)


def site_of(call, root):
    return call.name, file_kind(call.path, root)
