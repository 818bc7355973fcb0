"""SIGKILL at random moments, under load of 4 idempotent producers and 2 tailing readers."""
import random
import time

from qalam_qa.history import History
from qalam_qa.independent import Independent
from qalam_qa.load import Load
from qalam_qa.observer import Observer, note_leads
from qalam_qa.programs import harness
from qalam_qa import readback

RESTART_SECONDS_MAX = 10.0  # With at most some MiB to scan; the machine may be busy with other things.
CYCLES_A_ROUND = 100  # Each round has a data directory and a history of its own, so that memory stays bounded.


def add_arguments(parser):
    parser.add_argument("--cycles", type=int, help="kills (1000, short: 100)")
    parser.add_argument("--rate", type=int, help="records per second and producer (1500, short: 500)")


def run(args, report):
    cycles = args.cycles or (100 if args.short else 1000)
    rate = args.rate or (500 if args.short else 1500)
    rng = random.Random(report.seed)
    acked = 0
    for begun in range(0, cycles, CYCLES_A_ROUND):
        acked += one_round(rng, min(CYCLES_A_ROUND, cycles - begun), rate, args, report)
    report.figure("kills", cycles)
    report.figure("records acknowledged", acked)


def one_round(rng, cycles, rate, args, report):
    with harness.temporary_directory() as tmp:
        history = History(tmp / "history.jsonl", acks_min=cycles * 10, reads_min=cycles * 10, faults=["kill"])
        broker = harness.Broker(tmp / "data", settings=["log.segment.bytes=4MiB"])
        with broker:
            history.note("broker", broker="b1", step="start")
            broker.qalam("topic", "create", "kills", "-p", 1)
            with Independent(broker.address) as client:
                note_leads(client, "kills", history)
                with Load(broker, "kills", history, rate=rate) as load, Observer(broker.address, "kills", history) as observer:
                    load.next_acknowledgement()
                    longest = 0.15 if args.short else 0.4
                    under_load, slowest = kills(rng, cycles, longest, broker, client, load, history)
                    time.sleep(0.3)
                    counts = load.finish()
                    samples = observer.stop()
            report.check(under_load >= cycles // 2, f"{under_load} of {cycles} kills came after new acknowledgements "
                         "(half needed: else too quiet)")
            report.check(slowest < RESTART_SECONDS_MAX, f"slowest restart {slowest:.2f} s (limit {RESTART_SECONDS_MAX} s)")
            report.check(counts["unknown"] == 0 and counts["refused"] == 0 and counts["acked"] == counts["sent"],
                         f"{counts['sent']:,} sent, {counts['acked']:,} acknowledged, {counts['duplicates']:,} of them as "
                         f"duplicates; {counts['read']:,} read, {samples:,} samples")
            readback.everything(broker, ["kills"], history, report, "kill9")
        history.judge(report, "kill9")
        return counts["acked"]


def kills(rng, cycles, longest, broker, client, load, history):
    under_load, slowest = 0, 0.0
    for _ in range(cycles):
        under_load += load.lull(rng, longest)
        history.note("fault", name="kill")
        broker.kill()
        history.note("broker", broker="b1", step="kill")
        broker.start()
        slowest = max(slowest, broker.ready_seconds)
        history.note("broker", broker="b1", step="start")
        note_leads(client, "kills", history)
    return under_load, slowest
