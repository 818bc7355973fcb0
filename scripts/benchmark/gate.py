"""The regression gate: this checkout against another commit, alternating, in some minutes."""
import pathlib
import time

from benchmark import table
from benchmark.bench import cpu_us
from benchmark.runner import run_row, say
from benchmark.rows_write import P50, P99, P999, RATE, qalam_at_rate
from benchmark.servers import run
from benchmark.sides_write import Writing
from benchmark.table import NOTHING, Metric, Row, Side

LOSS_MAX = 0.10


def checkout(root, commit):
    """A worktree of the commit below build/, with qalam and qalamd built: their build directory."""
    root = pathlib.Path(root)
    commit = run(["git", "-C", root, "rev-parse", "--verify", "--short=12", commit + "^{commit}"]).strip()
    tree = root / "build/bench" / f"at-{commit}"
    if not (tree / ".git").exists():
        run(["git", "-C", root, "worktree", "prune"])
        run(["git", "-C", root, "worktree", "add", "--detach", tree, commit])
    say(f"building {commit}")
    run(["bash", tree / "scripts/build", "release", "qalam", "qalamd"], timeout=7200)
    return commit, tree / "build/release"


def rows(bench, builds):
    """Short forms of a, d, f and h, whose sides are builds: {name: build directory}."""
    producing, calling = Writing(bench, 6_000_000), Writing(bench, 40_000)
    # The same shape for both, whether or not both know --callers.
    old = any(bench.qalam_lacks("--callers", "bench", "produce", build=build) for build in builds.values())
    one_each = ("--in-flight", 1, "--batch", 200) if old else ("--callers", 1)
    sides = {"a": [], "d": [], "f": [], "h": []}
    for name, build in builds.items():
        sides["a"].append(producing.qalam(name=name, build=build))
        sides["d"].append(calling.qalam(name=name, build=build, seconds=4,
                                        options=("--connections", 64, *one_each)))
        reading = Reader(bench, build)
        sides["h"].append(Side(name, NOTHING, "qalam bench consume", reading.consume, prepare=reading.fill))
        server = Writing(bench, 0)
        sides["f"].append(qalam_at_rate(bench, lambda server=server, build=build: server.qalam_server(build=build),
                                        20_000, "produce", name))
    return [Row("a", "produce, 1 partition, 100 B, durable", [RATE], sides["a"]),
            Row("d", "64 connections, one record in flight on each, durable", [RATE, P99], sides["d"]),
            Row("f", "acknowledgement at 20,000 records/s, durable", [P50, P99, P999], sides["f"]),
            Row("h", "consume from the start, 100 B", [RATE], sides["h"])]


class Reader:
    """A topic that is filled once and read again and again."""

    def __init__(self, bench, build):
        self.bench = bench
        self.server = bench.qalam(build=build)
        self.records = bench.records(6_000_000)
        self.topic = None

    def fill(self):
        self.bench.use(self.server)
        self.topic = self.server.new_topic(durable=False)
        self.server.bench("produce", self.topic, "--records", self.records, "--size", 100)
        self.consume()

    def consume(self):
        self.bench.use(self.server)
        report, cpu = cpu_us(self.server, lambda report: report["records"], lambda: self.server.bench(
            "consume", self.topic, "--records", self.records))
        return {"records_per_s": report["records_per_s"], "cpu_us": cpu}


# What is judged: the throughput, and of f the median, as the tail of so short a run says little.
JUDGED = {"a": RATE, "d": RATE, "f": P50, "h": RATE}


def verdict(row, ours, theirs):
    """Is ours slower by more than LOSS_MAX, and by more than the samples of both scatter (one that strays on either
    side does not count)?"""
    metric: Metric = JUDGED[row["id"]]
    mine, other = (table.values_of(side, metric.key) for name in (ours, theirs)
                   for side in row["sides"] if side["name"] == name)
    if not mine or not other:
        return None, f"{row['id']}: not measured"
    change = table.median(mine) / table.median(other) - 1
    worse = change if metric.lower else -change
    mine_low, mine_high = table.middle(mine)
    other_low, other_high = table.middle(other)
    apart = mine_low > other_high if metric.lower else mine_high < other_low
    text = (f"{row['id']}: {metric.title} {table.number(table.median(other))} -> {table.number(table.median(mine))} "
            f"({change:+.1%}; spread {table.spread(other):.0%} and {table.spread(mine):.0%})")
    return not (worse > LOSS_MAX and apart), text


def run_gate(bench, commit, pairs):
    """0 if nothing got slower, 1 if something did, 2 if something could not be measured."""
    name, build = checkout(bench.root, commit)
    begun = time.monotonic()
    builds = {name: build, "this": bench.build}
    verdicts = []
    for row in rows(bench, builds):
        verdicts.append(verdict(run_row(bench, row, pairs), "this", name))
    say(f"measured in {time.monotonic() - begun:.0f} s")
    for held, text in verdicts:
        print(("?    " if held is None else "ok   " if held else "FAIL ") + text)
    if any(held is None for held, _ in verdicts):
        return 2
    return 0 if all(held for held, _ in verdicts) else 1
