"""The wall clock steps by +-400 days while the broker runs and while it is down: only timestamps change.

Retention by time is on, and looks every 20 ms; it deletes nothing on a jump. At the end, told that the clock is right
(qalam.retention.clock=accept), it does delete: it was awake all the time. The clock that steps is the broker's own, by
tests/qa/faults; the machine's stays.
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

DAY_NS = 86_400 * 1_000_000_000
FOREVER_MS = 9223372036854775807
SETTINGS = ["log.retention.check.interval.ms=20", "log.segment.delete.delay.ms=0", "log.segment.bytes=64KiB",
            "log.retention.ms=1h", f"log.message.timestamp.after.max.ms={FOREVER_MS}"]
TOPICS = {"created": "CreateTime", "appended": "LogAppendTime"}


def add_arguments(parser):
    parser.add_argument("--steps", type=int, help="steps of the clock (40, short: 8)")


def run(args, report):
    rng = random.Random(report.seed)
    steps = args.steps or (8 if args.short else 40)
    with harness.temporary_directory() as tmp:
        faults = Faults(tmp, tmp / "data")
        history = History(tmp / "history.jsonl", acks_min=steps * 20, reads_min=1, faults=["clock"])
        with harness.Broker(tmp / "data", settings=SETTINGS, environment=faults.environment()) as broker:
            for topic, kind in TOPICS.items():
                broker.qalam("topic", "create", topic, "-p", 1, "-c", f"message.timestamp.type={kind}")
            with Independent(broker.address) as client:
                stepping(rng, steps, faults, broker, client, history, report)
            readback.everything(broker, list(TOPICS), history, report, "clock")
            history.judge(report, "clock")
            awake(broker, faults, report)


def stepping(rng, steps, faults, broker, client, history, report):
    def lead():
        for topic in TOPICS:
            note_leads(client, topic, history)

    lead()
    loads = [Load(broker, topic, history, name=topic[0], rate=300) for topic in TOPICS]
    observers = [Observer(broker.address, topic, history) for topic in TOPICS]
    with loads[0], loads[1], observers[0], observers[1]:
        for number in range(steps):
            time.sleep(0.3)
            days = rng.choice([-400, 400, rng.randint(-400, 400), 0])
            history.note("fault", name="clock")
            down = number % 3 == 2
            if down:
                code = broker.stop()
                report.count(code == 0, f"a clean stop at a clock of {days} days: {code}")
            faults.set("clock_ns", days * DAY_NS)
            if down:
                broker.start()
                lead()
        time.sleep(0.3)
        counts = [load.finish() for load in loads]
        samples = sum(observer.stop() for observer in observers)
    for topic, count in zip(TOPICS, counts):
        report.check(count["acked"] == count["sent"], f"{topic}: {count['sent']:,} sent, {count['acked']:,} acknowledged over {steps} steps")
    for topic in TOPICS:
        starts = [info.log_start_offset for info in client.partitions(topic)]
        report.check(starts == [0], f"{topic}: retention deleted nothing ({samples} samples)")


def awake(broker, faults, report):
    """With a clock that is declared right, the same records are old."""
    faults.set("clock_ns", 400 * DAY_NS)
    broker.start()
    with Independent(broker.address) as client:
        time.sleep(0.2)
        client.partitions("created")
        paused = broker.qalam("cluster", "health", check=False)
        report.check(b"clock" in paused.stdout.lower(), f"cluster health speaks of the clock: {paused.stdout.decode().strip()[:200]}")
        report.check([p.log_start_offset for p in client.partitions("created")] == [0], "after a start 400 days later nothing is deleted")
        broker.qalam("config", "set", "qalam.retention.clock=accept")
        until = time.monotonic() + 10
        while time.monotonic() < until and client.partitions("created")[0].log_start_offset == 0:
            time.sleep(0.05)
        report.check(client.partitions("created")[0].log_start_offset > 0, "once the clock is accepted, the old records go")
    report.check(broker.stop() == 0, "a clean stop")
