"""Errors of the device under the file system: the broker stops acknowledging and ends with 74; afterwards it serves only
what the disk itself has.

The disk is served by nbdkit, whose writes fail with EIO while a file exists, mounted through nbdfuse and a loop device.
After the failure the broker is started once on the same mount, where the page cache may show what never reached the
disk, and what it serves is read; then the cache is dropped (unmount, mount) and everything is read again. Needs root,
loop devices and FUSE.
"""
import contextlib
import pathlib
import random
import subprocess
import time

from qalam_qa.history import History
from qalam_qa.independent import Independent
from qalam_qa.load import Load
from qalam_qa.programs import harness
from qalam_qa import readback

from volume import MKFS, Volume, command

ENDS_SECONDS_MAX = 15.0
DISK = "192M"


def add_arguments(parser):
    parser.add_argument("--runs", type=int, help="broken disks (100, short: 5)")


def run(args, report):
    rng = random.Random(report.seed)
    runs = args.runs or (5 if args.short else 100)
    ended, stale = 0, 0
    for number in range(runs):
        # Without a journal the file system itself survives: then the page cache is what must not be believed.
        journal = rng.random() < 0.4
        with harness.temporary_directory() as tmp:
            code, restarted = one(tmp, rng, journal, f"run {number + 1}", report)
        ended += code == 74
        stale += restarted
    report.figure("ended with 74", ended)
    report.figure("started again on the same mount", stale)
    report.check(ended == runs, f"{ended} of {runs} brokers ended with 74")


@contextlib.contextmanager
def broken_disk(tmp):
    """A block device whose writes fail while the file `trigger` exists: (device, trigger)."""
    said = open(tmp / "nbd.log", "ab")
    trigger, socket, fuse = tmp / "broken", tmp / "nbd.sock", tmp / "nbd"
    fuse.mkdir()
    nbdkit = subprocess.Popen(["nbdkit", "-f", "-U", socket, "--filter=error", "memory", DISK, "error=EIO",
                               "error-pwrite-rate=100%", f"error-file={trigger}"], stdout=said, stderr=said)
    nbdfuse = loop = None
    try:
        wait_for(socket.exists)
        disk = fuse / "disk"
        nbdfuse = subprocess.Popen(["nbdfuse", disk, "--unix", socket], stdout=said, stderr=said)
        wait_for(disk.exists)
        loop = command("losetup", "-f", "--show", disk).stdout.strip()
        yield pathlib.Path(loop), trigger
    finally:
        trigger.unlink(missing_ok=True)
        if loop:
            command("losetup", "-d", loop, needed=False)
        if nbdfuse:
            command("umount", disk, needed=False)
            nbdfuse.terminate()
            nbdfuse.wait()
        nbdkit.terminate()
        nbdkit.wait()
        said.close()


def wait_for(condition, seconds=10):
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            raise AssertionError("nbdkit or nbdfuse did not come up")
        time.sleep(0.02)


def one(tmp, rng, journal, what, report):
    """One broken disk: the exit code, and whether a broker came up on the mount as the errors had left it."""
    with broken_disk(tmp) as (device, trigger):
        command(*MKFS["ext4"], *([] if journal else ["-O", "^has_journal"]), device)
        volume = Volume(device, tmp / "data")
        volume.mount()
        history = History(tmp / "history.jsonl", acks_min=50, faults=["device-errors"])
        broker = harness.Broker(volume.path, settings=["log.segment.bytes=1MiB"])
        try:
            with broker:
                broker.qalam("topic", "create", "broken", "-p", 1)
                # The producers give up soon after the broker is gone: that is ambiguous then.
                with Load(broker, "broken", history, rate=500, delivery_ms=3000) as load:
                    load.next_acknowledgement()
                    time.sleep(rng.uniform(0.3, 1.0))
                    history.note("fault", name="device-errors")
                    trigger.touch()
                    code = end_of(broker)
                    trigger.unlink()
                    load.finish()
                report.count(code == 74, f"{what}: ended with {code}\n{broker.log_tail(8) if code != 74 else ''}")
                restarted = serve_stale(broker, history)
                volume.unmount()
                volume.mount()
                broker.start()
                readback.everything(broker, ["broken"], history, report, what, derived_may_be_bad=True)
            history.judge(report, f"{what} ({'with' if journal else 'without'} journal)")
        finally:
            broker.__exit__(None, None, None)
            volume.unmount()
        return code, restarted


def end_of(broker):
    try:
        return broker.process.wait(ENDS_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        broker.kill()
        return "did not end"


def serve_stale(broker, history):
    """What a broker serves that starts while the page cache may be wrong. False: it did not start, which is fine."""
    try:
        broker.start()
    except AssertionError:
        return False
    with Independent(broker.address) as client:
        readback.by_independent(client, "broken", history, way="before the cache was dropped")
    broker.kill()
    return True
