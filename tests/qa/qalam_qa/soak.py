"""All of it mixed, for long: load with retention, kills, clean restarts, pauses, steps of the clock, slow readers; then
a long calm part in which memory, descriptors and disk have to stay where they are.

The first third breaks things; in the rest the broker lives on without a restart, under the same load. Retention keeps
a number of bytes, so the disk is bounded: it may hold that and one segment more, and prepared space.
"""
import os
import random
import signal
import time

from qalam_qa.faults import Faults
from qalam_qa.history import History
from qalam_qa.independent import Independent
from qalam_qa.load import Load
from qalam_qa.observer import note_leads
from qalam_qa.programs import harness
from qalam_qa import readback

SEGMENT_BYTES = 1 << 20
RETENTION_BYTES = 8 << 20
VALUE_BYTES = 400
# A record with its key and lengths, and its share of a batch's header, takes at most so much.
RECORD_BYTES_MAX = VALUE_BYTES + 120
RSS_MIB_PER_HOUR = 1.0
RSS_MIB_SHORT = 16.0  # Of a calm part that is too short for a slope.
SLOPE_MINUTES_MIN = 30
SAMPLE_S = 1.0
SEGMENTS_MORE = 3  # Files of segments that may be open at one time and not at another.
HISTORY_S = 120  # Each history covers so long, so that it can be judged.


def add_arguments(parser):
    parser.add_argument("--minutes", type=float, help="how long (150, short: 3)")
    parser.add_argument("--rate", type=int, default=400, help="records per second and producer (default 400)")


def run(args, report):
    minutes = args.minutes or (3 if args.short else 150)
    rng = random.Random(report.seed)
    ends = time.monotonic() + minutes * 60
    calm_from = time.monotonic() + minutes * 20
    with harness.temporary_directory() as tmp:
        faults = Faults(tmp, tmp / "data")
        broker = harness.Broker(tmp / "data", environment=faults.environment(), settings=[
            "log.retention.check.interval.ms=500", "log.segment.delete.delay.ms=0",
            f"log.segment.bytes={SEGMENT_BYTES}", f"log.retention.bytes={RETENTION_BYTES}", "log.retention.ms=1h",
            "log.message.timestamp.after.max.ms=9223372036854775807"])
        samples = []
        with broker:
            number = 0
            while time.monotonic() < ends:
                until = min(ends, time.monotonic() + HISTORY_S)
                chapter(tmp, f"soak{number}", broker, faults, rng, until, calm_from, args.rate, samples, report)
                number += 1
            report.check(broker.stop() == 0, "a clean stop at the end")
            readback.verify_offline(broker.data_dir, report, "soak")
        judge_samples(samples, minutes, report)
        report.figure("chapters", number)


def chapter(tmp, topic, broker, faults, rng, until, calm_from, rate, samples, report):
    """One topic with one history, from its making to its deletion."""
    history = History(tmp / f"{topic}.jsonl", acks_min=100, reads_min=100)
    broker.qalam("topic", "create", topic, "-p", 1)
    offsets = []
    with Independent(broker.address) as client:
        note_leads(client, topic, history)
        with Load(broker, topic, history, rate=rate, value_bytes=VALUE_BYTES) as load:
            next_fault = time.monotonic() + rng.uniform(1, 4)
            while time.monotonic() < until:
                time.sleep(SAMPLE_S)
                offsets.append((time.clock_gettime_ns(time.CLOCK_BOOTTIME), client.partitions(topic)[0].high_watermark))
                calm = time.monotonic() >= calm_from
                if calm:
                    samples.append(sample(broker))
                elif time.monotonic() > next_fault:
                    break_something(rng, broker, faults, client, topic, history)
                    next_fault = time.monotonic() + rng.uniform(1, 6)
            counts = load.finish()
        offsets.append((time.clock_gettime_ns(time.CLOCK_BOOTTIME), client.partitions(topic)[0].high_watermark))
        allow_retention(history, topic, offsets)
        report.count(counts["acked"] == counts["sent"], f"{topic}: {counts['acked']:,} of {counts['sent']:,} acknowledged")
        readback.by_client(broker, topic, history)
        readback.by_independent(client, topic, history)
        readback.by_files(broker.data_dir, topic, history)
        history.judge(report, topic)
        for part in history.parts + [history.whole()]:
            part.unlink(missing_ok=True)
    broker.qalam("topic", "delete", topic, "--yes")


def allow_retention(history, topic, offsets):
    """By when retention may have deleted what: at least so many of the newest records must stay."""
    kept = RETENTION_BYTES // RECORD_BYTES_MAX
    for (t_ns, _), (_, end) in zip(offsets, offsets[1:]):
        if end > kept:
            history.note("trim", t_ns=t_ns, partition=f"{topic}/0", log_start=end - kept)


def break_something(rng, broker, faults, client, topic, history):
    what = rng.choice(["kill", "restart", "pause", "clock"])
    history.note("fault", name=what)
    if what == "kill":
        broker.kill()
        broker.start()
    elif what == "restart":
        broker.stop()
        broker.start()
    elif what == "pause":
        broker.process.send_signal(signal.SIGSTOP)
        time.sleep(rng.uniform(0.1, 1.5))
        broker.process.send_signal(signal.SIGCONT)
    else:
        faults.set("clock_ns", rng.randint(-400, 400) * 86_400 * 1_000_000_000)
    if what in ("kill", "restart"):
        note_leads(client, topic, history)


def sample(broker):
    size = sum(path.stat().st_blocks * 512 for path in (broker.data_dir / "log").rglob("*") if path.is_file())
    return time.monotonic(), broker.rss_mib(), len(os.listdir(f"/proc/{broker.process.pid}/fd")), size


def judge_samples(samples, minutes, report):
    report.check(len(samples) >= minutes * 20, f"{len(samples)} samples of the calm part")
    warm = samples[len(samples) // 4:]
    if len(warm) < 10:
        return
    seconds = warm[-1][0] - warm[0][0]
    third = len(warm) // 3
    first, last = (sorted(s[1] for s in part)[third // 2] for part in (warm[:third], warm[-third:]))
    slope = (last - first) / (seconds * 2 / 3 / 3600)
    report.figure("RSS MiB, first and last third of the calm part, per hour", [round(first, 1), round(last, 1), round(slope, 2)])
    if seconds >= SLOPE_MINUTES_MIN * 60:
        report.check(slope <= RSS_MIB_PER_HOUR, f"memory grows by {slope:.2f} MiB an hour (at most {RSS_MIB_PER_HOUR})")
    else:
        report.check(last - first <= RSS_MIB_SHORT, f"memory grew by {last - first:.1f} MiB (at most {RSS_MIB_SHORT} in so short a time)")
    descriptors = [s[2] for s in warm]
    report.check(min(descriptors[-third:]) <= min(descriptors[:third]) + SEGMENTS_MORE, f"descriptors: {min(descriptors[:third])} at first, {min(descriptors[-third:])} at last")
    disk = max(s[3] for s in warm)
    # The present chapter's topic and the one before, whose deletion is under way; a segment more each, and prepared space.
    allowed = 2 * (RETENTION_BYTES + 3 * SEGMENT_BYTES)
    report.check(disk <= allowed, f"disk: {disk >> 20} MiB at most (allowed {allowed >> 20})")
