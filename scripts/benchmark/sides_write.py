"""How each of those compared publishes: as fast as it goes, or one record at a time."""
import re

from benchmark.bench import cpu_us
from benchmark.servers import Failed, Qalam, last_json, run
from benchmark.table import FSYNC, NOTHING, OS, Side

# Found by trying on two cores: what librdkafka is fastest with.
KAFKA_BULK = {"batch": 1_000_000, "linger": 5, "queue": 100_000, "in_flight": 8}
KAFKA_BULK_TEXT = "librdkafka, acks=all, batch.size 1 MB, linger.ms 5, max.in.flight 8"


def flush_text(durable):
    return {"kafka": "flush.messages=1" if durable else "default flush",
            "redis": "appendfsync=always" if durable else "appendfsync=everysec",
            "nats": "sync_interval=always" if durable else "default sync_interval"}


def check_durability(report, durable):
    wanted = FSYNC if durable else OS
    if report["durability"] != wanted:
        raise Failed(f"acknowledged as {report['durability']}, expected {wanted}")


class Writing:
    """Values of `size` bytes into one topic of `partitions`; `durable`: synced before the acknowledgement."""

    def __init__(self, bench, records, size=100, durable=True, partitions=1, codec="none"):
        self.bench = bench
        self.records = bench.records(records)
        self.size = size
        self.durable = durable
        self.durability = FSYNC if durable else OS
        self.partitions = partitions
        self.codec = codec
        self.kept = {}

    def server(self, name, make):
        """The row's own server of that name, made when first needed, and the only one that runs."""
        if name not in self.kept:
            self.kept[name] = make()
        return self.bench.use(self.kept[name])

    # --- Qalam ---

    def qalam_server(self, *settings, build=None):
        return self.server(("qalam", settings, build), lambda: self.bench.qalam(*settings, build=build))

    def qalam(self, name="qalam", settings=(), options=(), seconds=None, build=None, skipped=None, **labels):
        """As fast as it goes: one client, batches of 256 KiB, 64 in flight unless `options` say otherwise; as many
        records as there are, or as take about so many `seconds`."""
        options = [str(word) for word in options]
        if self.codec != "none":
            options += ["-z", self.codec]
        count = [self.records]

        def produce(records):
            server = self.qalam_server(*settings, build=build)
            topic = server.new_topic(self.partitions, self.durable)
            report, cpu = cpu_us(server, lambda report: report["records"], lambda: server.bench(
                "produce", topic, "--records", records, "--size", self.size, *options))
            check_durability(report, self.durable)
            sample = {"records_per_s": report["records_per_s"], "mb_per_s": report["mb_per_s"], "cpu_us": cpu,
                      "p50_ms": report["ack_ms"]["p50"], "p99_ms": report["ack_ms"]["p99"],
                      "memory_mib": server.memory_mib()}
            server.delete_topic(topic)
            return sample

        def prepare():
            first = produce(self.records // 4)
            if seconds:
                count[0] = max(int(first["records_per_s"] * (seconds / 2 if self.bench.quick else seconds)), 1000)

        much = f"for about {seconds} s" if seconds else f"--records {self.records}"
        said = " ".join([f"qalam bench produce {much} --size {self.size}", *options, *settings])
        return Side(name, self.durability, said, lambda: produce(count[0]), prepare=prepare, skipped=skipped,
                    **labels)

    def ceiling(self, *options, name="ceiling", text=None):
        """Transport, writer and sync without a log, in the best way of writing growing files that it finds."""
        bench = self.bench
        found = []
        ack = "fsync" if self.durable else "write"
        wanted = ["--size", str(self.size), "--ack", ack, *map(str, options)]
        tries = "--write" not in options

        def probe(*more):
            bench.use(None)
            directory = bench.work / "ceiling"
            directory.mkdir(exist_ok=True)
            return last_json(run([Qalam.program(bench.build, "qalam"), "bench", "ceiling", directory, *wanted,
                                  "--seconds", 1 if bench.quick else 3, *more, "-o", "json"]))

        def find():
            # Tried twice, so that a stray sample does not choose a worse one, which would flatter us.
            best = max((probe() for _ in range(2)), key=lambda report: report["records_per_s"])
            found[:] = ["--write", best["way"]]

        def sample():
            report = probe(*found)
            return {"records_per_s": report["records_per_s"], "mb_per_s": report["mb_per_s"],
                    "p50_ms": report["ack_ms"]["p50"], "p99_ms": report["ack_ms"]["p99"], "way": report["way"],
                    "cpu_us": report.get("server_cpu_us_per_record")}

        return Side(name, self.durability if "none" not in options else NOTHING, text or "qalam bench ceiling " + " ".join(wanted),
                    sample, prepare=find if tries else None,
                    skipped=bench.qalam_lacks("ceiling", "bench") or bench.qalam_lacks("--write", "bench", "ceiling"))

    # --- Kafka ---

    def kafka(self, records=None, name="kafka/librdkafka", options=None, text=KAFKA_BULK_TEXT, **labels):
        options = {**KAFKA_BULK, **(options or {})}
        count = records or self.records

        def produce():
            server = self.bench.kafka()
            topic = server.new_topic(self.partitions, self.durable)
            report, cpu = cpu_us(server, lambda report: report["records"], lambda: server.load(
                "produce", topic=topic, records=count, size=self.size, partitions=self.partitions, codec=self.codec,
                **options))
            server.delete_topic(topic)
            return {"records_per_s": report["records_per_s"], "mb_per_s": report["mb_per_s"], "cpu_us": cpu,
                    "p50_ms": report["ack_ms"]["p50"], "p99_ms": report["ack_ms"]["p99"],
                    "memory_mib": server.memory_mib()}

        settings = f"{text}, {flush_text(self.durable)['kafka']}, {count} records"
        return Side(name, self.durability, settings, produce, prepare=produce, **labels)

    def kafka_java(self):
        """Kafka's own ProducerPerformance, which is several times slower: a quarter of the records will do."""
        count = self.records // 4

        def produce():
            server = self.bench.kafka()
            topic = server.new_topic(self.partitions, self.durable)
            text = server.tool(
                "org.apache.kafka.tools.ProducerPerformance", "--bootstrap-server", server.address, "--topic", topic,
                "--num-records", count, "--record-size", self.size, "--throughput", -1,
                "--warmup-records", count // 4, "--command-property", "acks=all", "batch.size=262144",
                "linger.ms=5", "buffer.memory=134217728")
            server.delete_topic(topic)
            return {"records_per_s": float(re.findall(r"([\d.]+) records/sec", text)[-1])}

        flush = flush_text(self.durable)["kafka"]
        settings = f"ProducerPerformance, acks=all, batch.size 256 KiB, linger.ms 5, {flush}, {count} records"
        return Side("kafka/java", self.durability, settings, produce)

    # --- Redis and NATS ---

    def redis(self, records, clients=16, pipeline=256):
        value = "0" * self.size

        def add():
            server = self.server("redis", lambda: self.bench.redis(self.durable))
            before = server.cpu_seconds()
            rate = server.benchmark("-n", records, "-c", clients, "-P", pipeline, "XADD", "stream", "*", "d", value)
            cpu = (server.cpu_seconds() - before) / records * 1e6
            memory = server.memory_mib()
            server.cli("DEL", "stream")
            return {"records_per_s": rate, "mb_per_s": rate * self.size / 1e6, "cpu_us": cpu, "memory_mib": memory}

        flush = flush_text(self.durable)["redis"]
        settings = f"redis-benchmark XADD, {clients} clients, pipelines of {pipeline}, {flush}, {records} records"
        return Side("redis", self.durability, settings, add, prepare=add)

    def nats(self, records, how=None, options=()):
        """Unless told otherwise by what was fastest: batches that it syncs once, or a stream of batches."""
        if how is None:
            how, options = ("atomic", ("--batch", 1000)) if self.durable else ("fast", ("--batch", 4000))

        def publish():
            server = self.server("nats", lambda: self.bench.nats(self.durable))
            before = server.cpu_seconds()
            rate = server.benchmark("pub", how, "bench", "--create", "--purge", "--maxbytes", "8GB", "--msgs", records,
                                    "--size", f"{self.size}B", *options)
            cpu = (server.cpu_seconds() - before) / records * 1e6
            return {"records_per_s": rate, "mb_per_s": rate * self.size / 1e6, "cpu_us": cpu,
                    "memory_mib": server.memory_mib()}

        settings = " ".join(["nats bench js pub", how, *map(str, options)])
        settings += f", {flush_text(self.durable)['nats']}, {records} records"
        return Side("nats", self.durability, settings, publish, prepare=publish)
