"""Too little memory: a bound that the load would exceed, the kernel's OOM killer, allocations that fail.

A memory cgroup of 256 MiB holds a broker whose budgets fit into it, under more load than a slow disk takes: it throttles,
and lives. Then the kernel kills it, as whoever is next to a greedy neighbour; and its address space is cut under
load, so that an allocation fails at some moment: it goes on, and serves, or ends with 71, never with half a thing done.
After each end it starts again, and everything acknowledged is there. Needs root and a memory cgroup (version 1 or 2).
"""
import os
import pathlib
import random
import re
import resource
import subprocess
import sys
import time

from qalam_qa.faults import Faults
from qalam_qa.history import History
from qalam_qa.independent import Independent
from qalam_qa.load import Load
from qalam_qa.observer import note_leads
from qalam_qa.programs import harness
from qalam_qa import readback

LIMIT_MIB = 256
SETTINGS = ["log.segment.bytes=4MiB", "qalam.append.bytes.max=48MiB", "qalam.recent.bytes.max=16MiB"]
SKIPPED = 77
OUT_OF_MEMORY = 71
# What gRPC's own allocations end with: gpr_malloc aborts, its MemoryAllocator writes to what malloc did not give.
ABORTED, SEGFAULT = -6, -11
EATER = "blocks = []\nwhile True: blocks.append(bytearray(8 << 20))"


def add_arguments(parser):
    parser.add_argument("--cycles", type=int, help="brokers that the kernel kills (20, short: 2)")
    parser.add_argument("--cuts", type=int, help="brokers whose address space is cut (60, short: 6)")


def run(args, report):
    rng = random.Random(report.seed)
    with harness.temporary_directory() as tmp:
        try:
            group = Group("qalam-qa-" + tmp.name)
        except OSError as error:
            print(f"qalam-qa memory: no memory cgroup ({error}); skipped", file=sys.stderr)
            sys.exit(SKIPPED)
        with group:
            throttled(tmp, group, report)
            killed(tmp, group, rng, args.cycles or (2 if args.short else 20), report)
    with harness.temporary_directory() as tmp:
        cut(tmp, rng, args.cuts or (6 if args.short else 60), report)


class Group:
    """A memory cgroup of our own, with a limit."""

    def __init__(self, name):
        first = pathlib.Path("/sys/fs/cgroup/memory")
        self.path = (first if first.is_dir() else pathlib.Path("/sys/fs/cgroup")) / name
        self.path.mkdir()
        limit = self.path / ("memory.limit_in_bytes" if first.is_dir() else "memory.max")
        try:
            limit.write_text(str(LIMIT_MIB << 20))
        except OSError:
            self.path.rmdir()
            raise

    def add(self, pid):
        (self.path / "cgroup.procs").write_text(str(pid))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for _ in range(100):
            try:
                self.path.rmdir()
                return
            except OSError:
                time.sleep(0.05)


class Run:
    """A broker, a load and its history."""

    def __init__(self, tmp, name, report, environment=None, **load):
        self.report, self.name = report, name
        self.history = History(tmp / f"{name}.jsonl", acks_min=20, reads_min=20)
        self.broker = harness.Broker(tmp / name, settings=SETTINGS, environment=environment)
        self.broker.start()
        self.broker.qalam("topic", "create", name, "-p", 2)
        self.client = Independent(self.broker.address)
        note_leads(self.client, name, self.history)
        self.load = Load(self.broker, name, self.history, partitions=2, **load)
        self.load.next_acknowledgement()

    def restart(self):
        self.broker.start()
        note_leads(self.client, self.name, self.history)

    def finish(self):
        counts = self.load.finish()
        self.report.check(counts["refused"] == 0 and counts["acked"] > 0,
                          f"{self.name}: {counts['sent']:,} sent, {counts['acked']:,} acknowledged, {counts['duplicates']} as "
                          f"duplicates, {counts['unknown']} unknown, {counts['read']:,} read")
        readback.everything(self.broker, [self.name], self.history, self.report, self.name)
        self.history.judge(self.report, self.name)
        self.client.channel.close()
        self.broker.__exit__(None, None, None)


def throttled(tmp, group, report):
    """Every sync takes half a second, and about ten times what that lets through is offered."""
    faults = Faults(tmp, tmp / "throttled")
    run = Run(tmp, "throttled", report, environment=faults.environment(), producers=8, value_bytes=20_000, rate=2000)
    group.add(run.broker.process.pid)
    faults.arm(("sync",), 1, "delay", 500, sticky=True)
    until, most = time.monotonic() + 10, 0.0
    while time.monotonic() < until and run.broker.process.poll() is None:
        most = max(most, run.broker.rss_mib())
        time.sleep(0.1)
    faults.disarm()
    report.check(run.broker.process.poll() is None, f"in {LIMIT_MIB} MiB the broker lives, with {most:.0f} MiB at most")
    report.figure("memory under load in the cgroup, MiB", round(most))
    run.finish()


def killed(tmp, group, rng, cycles, report):
    run = Run(tmp, "killed", report, rate=800, value_bytes=200)
    by_kernel = 0
    for _ in range(cycles):
        group.add(run.broker.process.pid)
        pathlib.Path(f"/proc/{run.broker.process.pid}/oom_score_adj").write_text("1000")
        run.load.lull(rng, 0.3)
        run.history.note("fault", name="oom-kill")
        with subprocess.Popen([sys.executable, "-c", EATER], stderr=subprocess.DEVNULL) as eater:
            group.add(eater.pid)
            try:
                by_kernel += run.broker.process.wait(20) == -9
            except subprocess.TimeoutExpired:
                run.broker.kill()
            finally:
                eater.kill()
        run.restart()
    report.check(by_kernel == cycles, f"the kernel killed {by_kernel} of {cycles} brokers for their memory")
    run.finish()


def cut(tmp, rng, cuts, report):
    """The address space gets a bound just above what it has; then the load needs more."""
    run = Run(tmp, "cut", report, producers=8, rate=1500, value_bytes=4000)
    ends, segfaults = [], kernel_segfaults()
    for _ in range(cuts):
        run.load.lull(rng, 0.2)
        pid = run.broker.process.pid
        run.history.note("fault", name="no-memory")
        has = int(re.search(r"VmSize:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text()).group(1)) * 1024
        bound = has + rng.choice([0, 64 << 10, 1 << 20, 8 << 20])
        resource.prlimit(pid, resource.RLIMIT_AS, (bound, resource.RLIM_INFINITY))
        demand(run)
        try:
            ends.append(run.broker.process.wait(1))
            if "check failed" in run.broker.log_tail(3):
                report.check(False, f"a check of ours ended it: {run.broker.log_tail(3)}")
        except subprocess.TimeoutExpired:
            ends.append(None)
            resource.prlimit(pid, resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            run.load.next_acknowledgement()
            continue
        run.restart()
    clean = sum(end == OUT_OF_MEMORY for end in ends)
    went_on, aborted, fell = ends.count(None), ends.count(ABORTED), ends.count(SEGFAULT)
    report.check(set(ends) <= {None, OUT_OF_MEMORY, ABORTED, SEGFAULT},
                 f"cut: {clean} ended with {OUT_OF_MEMORY}, {aborted} by gRPC's abort, {fell} by its segmentation fault, {went_on} "
                 f"went on and served; all: {sorted(set(map(str, ends)))}")
    if fell > 0:
        new = kernel_segfaults()[len(segfaults):]
        report.check(len(new) >= fell and all(" in libgrpc.so" in line for line in new),
                     f"cut: the kernel saw them in libgrpc: {new}")
    report.check(clean > 0, f"cut: {clean} of {cuts} ends were of ours")
    run.finish()


def kernel_segfaults():
    """What the kernel has noted of them, the oldest first; nothing where its log can't be read."""
    lines = subprocess.run(["dmesg"], capture_output=True, text=True, check=False).stdout.splitlines()
    return [line for line in lines if "segfault at" in line]


def demand(run):
    """Requests that need memory: large answers, at once."""
    request, fetch = run.client.method("LogService", "Fetch")
    calls = [fetch.future(request(topic="cut", partition=0, offset=0, max_bytes=8 << 20), timeout=1) for _ in range(16)]
    for call in calls:
        call.exception()
