"""Bits that flip at rest: every bit of a small log with its indexes and checkpoints, random ones of larger logs, and of
the metadata (RocksDB) of a real broker.

Logs are flipped in memory by qalam-qa-rot. Metadata is flipped on the disk and a real broker started on it: it may refuse
(exit 74 or 78) or start with everything that was promised; it may never start without, nor touch the logs.
"""
import random
import shutil

from qalam_qa.independent import Independent
from qalam_qa.programs import harness
from qalam_qa.ranges import WORKERS, run_ranges, split

STRIDE = 16  # Of the short form: one bit in so many, another one with every seed.
TOPICS = {"one": 1, "two": 3}


def add_arguments(parser):
    parser.add_argument("--logs", type=int, help="random logs (10000, short: 1000)")
    parser.add_argument("--metadata", type=int, help="flips in the metadata (1000, short: 60)")


def run(args, report):
    seed = report.seed % 1_000_000_000
    if args.short:
        run_ranges(report, "qalam-qa-rot", [("every", STRIDE, seed % STRIDE)])
    else:
        run_ranges(report, "qalam-qa-rot", [("every", WORKERS, number) for number in range(WORKERS)])
    logs = args.logs if args.logs is not None else (1000 if args.short else 10_000)
    if logs:
        run_ranges(report, "qalam-qa-rot", [("random", *part) for part in split(seed, logs)])
    flips = args.metadata if args.metadata is not None else (60 if args.short else 1000)
    if flips:
        metadata(random.Random(report.seed), flips, report)


def metadata(rng, flips, report):
    with harness.temporary_directory() as tmp:
        whole, directory = tmp / "whole", tmp / "data"
        with harness.Broker(directory) as broker:
            for topic, partitions in TOPICS.items():
                broker.qalam("topic", "create", topic, "-p", partitions, "-c", "retention.ms=3600000")
                broker.qalam("produce", topic, "-p", 0, stdin=b"kept\n")
            report.check(broker.stop() == 0, "the broker whose metadata will be flipped")
        shutil.copytree(directory, whole)
        logs = contents(directory / "log")
        refused = 0
        for number in range(flips):
            what = flip(rng, directory)
            refused += not judge(directory, logs, f"flip {number + 1}: {what}", report)
            restore(whole, directory)
        report.figure("metadata: flips, refused", [flips, refused])


def contents(directory):
    """The bytes of every segment; other files of a log change with each start."""
    return {path.relative_to(directory): path.read_bytes().rstrip(b"\0") for path in directory.rglob("*.log")}


def restore(whole, directory):
    """Everything as it was; the directory itself stays, since its inode is written down in it."""
    for path in directory.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.copytree(whole, directory, dirs_exist_ok=True)


def flip(rng, directory):
    """Flips a bit, or zeroes, cuts or removes a file of the metadata; says what."""
    files = sorted(path for path in directory.rglob("*") if path.is_file() and path.name not in (".lock", "LOCK")
                   and "log" != path.relative_to(directory).parts[0] and path.stat().st_size > 0
                   and path.name != "IDENTITY" and not path.name.startswith("LOG"))
    path = rng.choice(files)
    data = bytearray(path.read_bytes())
    kind = rng.choice(["bit", "bit", "bit", "zero", "cut", "gone"])
    at = rng.randrange(len(data))
    if kind == "gone":
        path.unlink()
        return f"{path.relative_to(directory)} gone"
    if kind == "bit":
        data[at] ^= 1 << rng.randrange(8)
    elif kind == "zero":
        data[at:at + 64] = bytes(len(data[at:at + 64]))
    else:
        del data[at:]
    path.write_bytes(data)
    return f"{path.relative_to(directory)} {kind} at {at} of {len(data)}"


def judge(directory, logs, what, report):
    """True: it started, and all is there. False: it refused, and left the logs alone."""
    broker = harness.Broker(directory)
    try:
        try:
            broker.start()
        except AssertionError:
            code = broker.process.poll()
            report.count(code in (73, 74, 78), f"{what}: ended with {code}\n{broker.log_tail(4)}")
            report.count(contents(directory / "log") == logs, f"{what}: refused, but the logs were touched")
            return False
        with Independent(broker.address) as client:
            for topic, partitions in TOPICS.items():
                infos = client.partitions(topic)
                ends = [info.high_watermark for info in infos]
                report.count(len(infos) == partitions and ends[0] == 1 and all(info.status == "ok" for info in infos),
                             f"{what}: topic {topic} has partitions with ends {ends}")
        broker.stop()
        strays = [path.name for path in (directory / "log").iterdir() if path.name.endswith(("-stray", "-delete"))]
        report.count(not strays, f"{what}: moved aside: {strays}")
        return True
    finally:
        broker.__exit__(None, None, None)
