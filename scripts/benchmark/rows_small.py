"""Rows about what a broker takes: CPU, memory, time to start, and whether that grows with its data."""
import re
import signal
import time
from statistics import median

from benchmark import processes
from benchmark.rows_write import RATE, row_a
from benchmark.servers import timed
from benchmark.sides_write import KAFKA_BULK
from benchmark.table import FSYNC, NOTHING, Goal, Metric, Row, Side

IDLE = Metric("idle_mib", "idle MiB", lower=True)
LOADED = Metric("loaded_mib", "loaded MiB, highest", lower=True)


def row_j(bench):
    row = row_a(bench)
    row.id, row.title, row.taken_from = "j", "the server's CPU per record in (a)", "a"
    row.sides = [side for side in row.sides if side.name not in ("ceiling", "kafka/java")]
    row.metrics = [Metric("cpu_us", "server CPU us/record", lower=True)]
    row.goals = [Goal("<= 0.1 us", "cpu_us", 0.1)]
    return row


# --- memory ---

def row_k(bench):
    def measure(server, load):
        bench.use(server)
        time.sleep(2)
        idle = server.memory_mib()
        load(server)
        loaded = server.memory_mib("VmHWM")
        bench.end(server)
        return {"idle_mib": idle, "loaded_mib": loaded}

    def qalam():
        return measure(bench.qalam(), lambda server: server.bench(
            "produce", server.new_topic(), "--records", bench.records(8_000_000), "--size", 100))

    def kafka():
        bench.end_kafka()
        return measure(bench.new_kafka(patient=False), lambda server: server.load(
            "produce", topic=server.new_topic(), records=bench.records(4_000_000), **KAFKA_BULK))

    def redis():
        return measure(bench.redis(), lambda server: server.benchmark(
            "-n", bench.records(1_000_000), "-c", 16, "-P", 256, "XADD", "stream", "*", "d", "0" * 100))

    def nats():
        return measure(bench.nats(), lambda server: server.benchmark(
            "pub", "atomic", "bench", "--create", "--batch", 1000, "--msgs", bench.records(100_000), "--size", "100B"))

    return Row("k", "memory of the server: idle, and at its highest when loaded as in (a)", [IDLE, LOADED],
               [Side("qalam", FSYNC, "fresh, 2 s idle; then qalam bench produce", qalam),
                Side("kafka", FSYNC, "the same; heap 1 GiB", kafka),
                Side("redis", FSYNC, "the same; it holds all records in memory", redis),
                Side("nats", FSYNC, "the same", nats)],
               [Goal("idle <= 40 MiB", "idle_mib", 40), Goal("loaded <= 256 MiB", "loaded_mib", 256)], pairs_max=3)


# --- starting ---

FIRST = Metric("first_ms", "empty, ms", lower=True)
TERM = Metric("term_1000_ms", "1,000 partitions after TERM, ms", lower=True)
KILL = Metric("kill_1000_ms", "1,000 after SIGKILL, ms", lower=True)
KILL_MANY = Metric("kill_10000_ms", "10,000 after SIGKILL, ms", lower=True)


def restart_ms(server, with_signal):
    server.stop(with_signal)
    server.resume()
    return server.first_answer_ms


def row_l(bench):
    def write_everywhere(server, topic, partitions):
        """One batch of some records into every partition."""
        source = bench.work / "keys"
        source.write_bytes(b"".join(b"key-%d\tvalue\n" % i for i in range(partitions * 10)))
        # How long that takes is not what is measured.
        server.qalam("produce", topic, source, "-K", "\t", "--progress", "off", "--timeout", "300s",
                     "-X", "delivery.timeout.ms=300s")
        source.unlink()

    def qalam_partitions(partitions, signals):
        server = bench.use(bench.qalam())
        first = server.first_answer_ms
        server.qalam("topic", "create", "many", "-p", partitions, "--timeout", "120s")
        took = []
        for each in signals:
            write_everywhere(server, "many", partitions)
            took.append(restart_ms(server, each))
        bench.end(server)
        return first, took

    def qalam():
        first, (term, kill) = qalam_partitions(1000, (signal.SIGTERM, signal.SIGKILL))
        return {"first_ms": first, "term_1000_ms": term, "kill_1000_ms": kill}

    def qalam_many():
        _, (kill,) = qalam_partitions(10_000, (signal.SIGKILL,))
        return {"kill_10000_ms": kill}

    def kafka():
        bench.end_kafka()
        server = bench.use(bench.new_kafka(patient=False))
        # Its directory has been formatted by now, so this is exec to first answer only.
        first = server.first_answer_ms
        topic = server.new_topic(partitions=1000)
        took = {}
        for name, each in (("term_1000_ms", signal.SIGTERM), ("kill_1000_ms", signal.SIGKILL)):
            server.load("produce", topic=topic, records=10_000, partitions=1000)
            took[name] = restart_ms(server, each)
        bench.end(server)
        return {"first_ms": first, **took}

    def empty(make):
        server = bench.use(make())
        first = server.first_answer_ms
        bench.end(server)
        return {"first_ms": first}

    return Row("l", "from exec to the first answer: empty, and with partitions to recover",
               [FIRST, TERM, KILL, KILL_MANY],
               [Side("qalam", NOTHING, "until HTTP/2 SETTINGS came back; 10 records in each partition", qalam),
                Side("qalam, 10,000", NOTHING, "the same", qalam_many),
                Side("kafka", NOTHING, "until ApiVersions was answered; 10 records in each partition", kafka),
                Side("redis", NOTHING, "until PONG; empty only", lambda: empty(bench.redis)),
                Side("nats", NOTHING, "until JetStream answered; empty only", lambda: empty(bench.nats))],
               [Goal("empty <= 100 ms", "first_ms", 100), Goal("1,000 after TERM <= 0.5 s", "term_1000_ms", 500),
                Goal("1,000 after SIGKILL <= 1.5 s", "kill_1000_ms", 1500),
                Goal("10,000 after SIGKILL <= 3 s", "kill_10000_ms", 3000, side="qalam, 10,000")], pairs_max=3)


# --- growing ---

FLAT = [RATE, Metric("append_p50_ms", "append p50 ms, 5,000/s", lower=True),
        Metric("old_warm", "old records/s, warm"), Metric("new_warm", "new records/s, warm"),
        Metric("old_cold", "old records/s, cold"), Metric("new_cold", "new records/s, cold"),
        Metric("memory_mib", "memory MiB", lower=True), Metric("restart_ms", "restart after SIGKILL, ms", lower=True)]


# Of each kind in one sample, which is their median: one takes some tenths of a second, and a machine is not that even.
READS = 3
APPENDS = 2
RESTARTS = 3


class Grown:
    """A broker with so many bytes of 100 B records in one partition, before each sample."""

    def __init__(self, bench, gigabytes):
        self.bench = bench
        self.records = int(gigabytes * 1e9 / 108)
        self.more = bench.records(3_000_000)
        self.read = bench.records(4_000_000)
        self.server = bench.qalam()
        self.topic = None

    def fill(self):
        """The small ones anew for each sample, as it adds 0.7 GB; to the big one that is nothing."""
        self.bench.use(self.server)
        if self.topic and self.records > 20_000_000:
            return
        if self.topic:
            self.server.delete_topic(self.topic)
        self.topic = self.server.new_topic()
        self.append(self.records)

    def append(self, records, *options):
        return self.server.bench("produce", self.topic, "--records", records, "--size", 100, *options)

    def end_offset(self):
        text = self.server.qalam("topic", "describe", self.topic, "-o", "json")
        return int(re.search(r'"high_watermark":\s*(\d+)', text).group(1))

    def fetch(self, first):
        """Records a second, the command's own start included: the same for all sizes."""
        return self.read / timed(self.server.command("consume", f"{self.topic}:0", "--from", first, "-n", self.read))

    def fetch_cold(self, first):
        processes.forget_pages(self.server.data)
        return self.fetch(first)

    def sample(self):
        self.fill()
        server = self.server
        result = {"append_p50_ms": self.append(10_000, "--rate", 5_000)["ack_ms"]["p50"],
                  "records_per_s": median(self.append(self.more)["records_per_s"] for _ in range(APPENDS))}
        places = {"old": 0, "new": self.end_offset() - self.read}
        for name, first in places.items():
            self.fetch(first)
            result[f"{name}_warm"] = median(self.fetch(first) for _ in range(READS))
        # From a clean stop on, so that there always is the same to recover, and not what was written by chance since the
        # last checkpoint.
        restart_ms(server, signal.SIGTERM)
        self.append(self.read)
        result["restart_ms"] = median(restart_ms(server, signal.SIGKILL) for _ in range(RESTARTS))
        for name, first in places.items():
            result[f"{name}_cold"] = median(self.fetch_cold(first) for _ in range(READS))
        result["memory_mib"] = server.memory_mib()  # What was written before the restart is no part of it.
        return result


def row_m(bench):
    sides = []
    for name, gigabytes in (("10 MB", 0.01), ("1 GB", 1), ("20 GB", 20)):
        grown = Grown(bench, gigabytes)
        skipped = "takes minutes and 20 GB of disk; say --big" if gigabytes > 1 and not bench.big else None
        sides.append(Side(name, FSYNC, f"one partition, {APPENDS} times 3 M records of 100 B more in each sample",
                          grown.sample, prepare=grown.fill, skipped=skipped, series="qalam", x=gigabytes))
    return Row("m", "cost against data: append and fetch with 10 MB, 1 GB and 20 GB in the log", FLAT, sides,
               [Goal(f"{metric.title} within 10 %", metric.key, 1.1, flat=True) for metric in FLAT],
               pairs_times=3, x_title="GB in the log")


