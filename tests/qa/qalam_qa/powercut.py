"""Power cuts on real file systems: ext4 and XFS on loop devices, shut down without a flush under load; and disks copied
while the broker runs.

A cut is the file system's own shutdown ioctl: what had not reached the image is gone, later calls fail with EIO; the
broker is then killed, the image mounted again (its journal is replayed) and the broker started on it. A copy is a reflink
of the image, atomic like the moment of a cut; a second broker starts on it, and everything acknowledged before must be
there. Needs root and loop devices.
"""
import json
import random
import time

from qalam_qa.history import History, now_ns
from qalam_qa.independent import Independent
from qalam_qa.load import Load
from qalam_qa.observer import note_leads
from qalam_qa.programs import harness
from qalam_qa import readback

from volume import Volume, command, open_volume

RATE = 800  # Records per second and producer.
DATA_MIB = {"ext4": 256, "xfs": 320}
CYCLES_A_ROUND = 50


def add_arguments(parser):
    parser.add_argument("--ext4", type=int, help="cuts on ext4 (300, short: 20)")
    parser.add_argument("--xfs", type=int, help="cuts on XFS (100, short: 5)")
    parser.add_argument("--copies", type=int, help="disks copied while the broker runs (30, short: 2)")


def run(args, report):
    rng = random.Random(report.seed)
    wanted = {"ext4": 20 if args.short else 300, "xfs": 5 if args.short else 100}
    for kind, usual in wanted.items():
        cycles = usual if getattr(args, kind) is None else getattr(args, kind)
        acked = 0
        for begun in range(0, cycles, CYCLES_A_ROUND):
            acked += cuts(rng, kind, min(CYCLES_A_ROUND, cycles - begun), report)
        report.figure(f"{kind}: cuts, records acknowledged", [cycles, acked])
    copies = (2 if args.short else 30) if args.copies is None else args.copies
    if copies:
        copied(rng, copies, report)


def cuts(rng, kind, cycles, report):
    with harness.temporary_directory() as tmp, open_volume(tmp, "disk", kind, DATA_MIB[kind]) as volume:
        history = History(tmp / "history.jsonl", acks_min=cycles * 10, reads_min=cycles, faults=["power-cut"])
        # Smaller segments than the load fills between two cuts: some hit a roll.
        with harness.Broker(volume.path, settings=["log.segment.bytes=128KiB"]) as broker:
            broker.qalam("topic", "create", "cuts", "-p", 2)
            with Independent(broker.address) as client:
                note_leads(client, "cuts", history)
                with Load(broker, "cuts", history, partitions=2, rate=RATE) as load:
                    load.next_acknowledgement()
                    under_load = 0
                    for _ in range(cycles):
                        under_load += load.lull(rng, 0.4)
                        cut(broker, volume, history)
                        note_leads(client, "cuts", history)
                    time.sleep(0.3)
                    counts = load.finish()
            report.check(under_load >= cycles // 2, f"{kind}: {under_load} of {cycles} cuts came after new acknowledgements")
            # A log that fails before the kill answers, so not all is acknowledged.
            report.check(counts["acked"] + counts["unknown"] + counts["refused"] == counts["sent"],
                         f"{kind}: {counts['sent']:,} sent, {counts['acked']:,} acknowledged, {counts['duplicates']} as "
                         f"duplicates, {counts['unknown']} unknown, {counts['refused']} refused")
            readback.everything(broker, ["cuts"], history, report, f"powercut on {kind}", derived_may_be_bad=True)
        history.judge(report, f"powercut on {kind}")
        return counts["acked"]


def cut(broker, volume, history):
    history.note("fault", name="power-cut")
    volume.cut_power()
    broker.kill()
    history.note("broker", broker="b1", step="power-cut")
    volume.unmount()
    volume.mount()
    broker.start()
    history.note("broker", broker="b1", step="start")


def copied(rng, copies, report):
    """The image lies on an XFS of its own, which can copy a file in one instant."""
    with harness.temporary_directory() as tmp, open_volume(tmp, "below", "xfs", 1200) as below, \
            open_volume(below.path, "disk", "ext4", DATA_MIB["ext4"]) as volume:
        history = History(tmp / "history.jsonl", acks_min=copies * 10, reads_min=copies)
        taken = []
        with harness.Broker(volume.path, settings=["log.segment.bytes=128KiB"]) as broker:
            broker.qalam("topic", "create", "cuts", "-p", 2)
            with Independent(broker.address) as client:
                note_leads(client, "cuts", history)
                with Load(broker, "cuts", history, partitions=2, rate=RATE) as load:
                    for number in range(copies):
                        time.sleep(rng.uniform(0.2, 0.6))
                        image = below.path / f"copy-{number}.img"
                        begin_ns = now_ns()
                        command("cp", "--reflink=always", volume.source, image)
                        taken.append((image, begin_ns, now_ns()))
                    load.finish()
            readback.everything(broker, ["cuts"], history, report, "the copied broker")
        history.judge(report, "the copied broker")
        for image, begin_ns, end_ns in taken:
            judge_copy(tmp, image, history.whole(), begin_ns, end_ns, report)
            image.unlink()
        report.figure("disks copied under load", copies)


def judge_copy(tmp, image, whole, begin_ns, end_ns, report):
    """A broker on the copy: everything acknowledged before is there, nothing that was sent only after."""
    what = f"broker on {image.stem}"
    volume = Volume(image, tmp / image.stem)
    volume.mount()
    try:
        history = History(tmp / f"{image.stem}.jsonl", acks_min=10)
        known = history.part("before")
        known.write_text("".join(line for line in open(whole, encoding="utf-8") if belongs(json.loads(line), begin_ns, end_ns)))
        with harness.Broker(volume.path, arguments=["--adopt-copy"]) as broker:
            with Independent(broker.address) as client:
                note_leads(client, "cuts", history, broker="b2")
            readback.everything(broker, ["cuts"], history, report, what, derived_may_be_bad=True)
        history.judge(report, what)
    finally:
        volume.unmount()


def belongs(event, begin_ns, end_ns):
    """What was known when the copy was taken; what was being sent then may be in it."""
    if event["event"] in ("plan", "readback", "found"):
        return False
    return event["t_ns"] < (end_ns if event["event"] == "send" else begin_ns)
