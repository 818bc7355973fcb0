"""A disk whose every sync takes its time: nothing is acknowledged or served before it is durable, and nobody starves.
Nor is a group written before the sync of the one before has returned.

The syncs are delayed inside the broker's process, by tests/qa/faults. Beside the load an observer asks all the time how
far the log is durable: an acknowledgement or a read that is ahead of that is seen.
"""
import random
import time

from qalam_qa.faults import Faults
from qalam_qa.history import History
from qalam_qa.independent import Independent
from qalam_qa.load import Load
from qalam_qa.observer import Observer, note_leads
from qalam_qa.programs import harness
from qalam_qa import readback

RATE = 300
DELAYS_MS = [20, 50, 100, 400]
LONG_MS = [1000, 5000]  # Only the full form.
STUCK_MS = 60_000
ANSWER_MS_MAX = 15_000


def add_arguments(parser):
    parser.add_argument("--seconds", type=int, help="how long (120, short: 8)")


def run(args, report):
    rng = random.Random(report.seed)
    seconds = args.seconds or (8 if args.short else 120)
    with harness.temporary_directory() as tmp:
        faults = Faults(tmp, tmp / "data")
        history = History(tmp / "history.jsonl", acks_min=seconds * 5, reads_min=seconds,
                          answer_ms_max=ANSWER_MS_MAX + (0 if args.short else STUCK_MS))
        with harness.Broker(tmp / "data", settings=["log.segment.bytes=64KiB"], environment=faults.environment()) as broker:
            broker.qalam("topic", "create", "slow", "-p", 1)
            with Independent(broker.address) as client:
                note_leads(client, "slow", history)
                with Load(broker, "slow", history, rate=RATE) as load, \
                        Observer(broker.address, "slow", history, pause=0.002) as observer:
                    load.next_acknowledgement()
                    until = time.monotonic() + seconds
                    while time.monotonic() < until:
                        faults.arm(("sync",), 1, "delay", rng.choice(DELAYS_MS + ([] if args.short else LONG_MS)), sticky=True)
                        time.sleep(rng.uniform(0.5, 2))
                    delayed = faults.get("fired")
                    if not args.short:
                        faults.arm(("sync",), 1, "delay", STUCK_MS)
                        time.sleep(STUCK_MS / 1000 + 2)
                        delayed += faults.get("fired")
                    faults.disarm()
                    counts = load.finish()
                    samples = observer.stop()
            report.check(delayed > 0, f"{delayed} syncs were delayed since the last change")
            overtaken = faults.get("overtaken")
            report.check(overtaken == 0, f"{overtaken} groups were written while their segment was being synced")
            report.check(counts["acked"] == counts["sent"], f"{counts['sent']:,} sent, {counts['acked']:,} acknowledged, "
                         f"{counts['read']:,} read, {samples:,} samples")
            readback.everything(broker, ["slow"], history, report, "slowdisk")
        history.judge(report, "slowdisk")
