"""A disk whose syncs say they are done and are not, until the power goes: acknowledged records may be lost then, as
README says; what is left must still be right.

Nobody can keep a promise on such a disk with one copy. But the broker may not serve what was never sent, nor anything
torn, doubled or out of order: it starts with a prefix of the log or refuses it by name. The syncs are skipped inside the
broker's process, by tests/qa/faults, the power cut is that of `powercut`. Needs root and loop devices.
"""
import json
import random

from qalam_qa.faults import Faults
from qalam_qa.history import History
from qalam_qa.independent import Independent
from qalam_qa.load import Load
from qalam_qa.observer import note_leads
from qalam_qa.programs import harness
from qalam_qa import readback

from volume import open_volume

RATE = 600
NAMED_ENDS = {73, 74, 78}


def add_arguments(parser):
    parser.add_argument("--cuts", type=int, help="power cuts (60, short: 4)")


def run(args, report):
    rng = random.Random(report.seed)
    cuts = args.cuts or (4 if args.short else 60)
    outcomes = {"lost": 0, "whole": 0, "refused": 0}
    for number in range(cuts):
        kind = ("ext4", "xfs")[number % 2]
        with harness.temporary_directory() as tmp, open_volume(tmp, "disk", kind, 320) as volume:
            outcomes[one(tmp, volume, f"{kind}, cut {number}", rng, report)] += 1
    report.check(outcomes["lost"] > 0, f"{cuts} cuts: {outcomes['lost']} lost something, {outcomes['refused']} were refused by name, "
                 f"{outcomes['whole']} lost nothing")
    report.figure("cuts that lost records, that left a log which was refused, that lost nothing", list(outcomes.values()))


def one(tmp, volume, what, rng, report):
    faults = Faults(tmp, volume.path)
    history = History(tmp / "history.jsonl", acks_min=10, faults=["power-cut"])
    broker = harness.Broker(volume.path, settings=["log.segment.bytes=128KiB"], environment=faults.environment())
    with broker:
        broker.qalam("topic", "create", "lies", "-p", 1)
        # Of the first start only: what says in which epoch the log was led may be lost with the rest.
        with Independent(broker.address) as client:
            note_leads(client, "lies", history)
        with Load(broker, "lies", history, rate=RATE, delivery_ms=2000, readers=0) as load:
            load.next_acknowledgement()
            faults.arm(("sync",), 1, "lie", sticky=True)
            load.lull(rng, 1.5)
            history.note("fault", name="power-cut")
            volume.cut_power()
            broker.kill()
            counts = load.finish()
        faults.disarm()
        volume.unmount()
        volume.mount()
        try:
            broker.start()
        except AssertionError as error:
            report.check(broker.process.poll() in NAMED_ENDS, f"{what}: refused to start with {broker.process.poll()}: {str(error)[-300:]}")
            return "refused"
        with Independent(broker.address) as client:
            partitions = [info for info in client.partitions("lies", wait=True)]
            if not partitions or partitions[0].status != "ok":
                report.check(not partitions or partitions[0].status.startswith("offline: CORRUPTION"), f"{what}: {partitions}")
                broker.stop()
                return "refused"
            readback.by_client(broker, "lies", history)
            readback.by_independent(client, "lies", history)
        broker.stop()
        readback.by_files(volume.path, "lies", history)
        kept = sum(json.loads(line)["event"] == "found" and json.loads(line)["way"] == "files" for line in open(history.whole(), encoding="utf-8"))
    doubt(history)
    history.judge(report, what)
    return "lost" if kept < counts["acked"] else "whole"


def doubt(history):
    """Acknowledged as what they were: written to an operating system, and no further. The checker lets such records go."""
    for part in history.parts:
        if part.exists():
            text = part.read_text(encoding="utf-8")
            part.write_text(text.replace('"durability":"fsync"', '"durability":"os"'), encoding="utf-8")
