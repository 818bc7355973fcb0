"""Rows about reading, about the client alone, and about the command line's pipes."""
import re

from benchmark.bench import cpu_us
from benchmark.rows_write import BYTES, CPU, KAFKA, RATE, ahead
from benchmark.servers import Failed, last_json, run, timed
from benchmark.sides_write import KAFKA_BULK
from benchmark.table import FSYNC, NOTHING, Goal, Metric, Row, Side


class Reading:
    """`records` values of `size` bytes that each server gets once, and that are then read again and again."""

    def __init__(self, bench, records, size=100, codec="none"):
        self.bench = bench
        self.records = bench.records(records)
        self.size = size
        self.codec = codec
        self.qalam_server = bench.qalam()
        self.redis_server = None
        self.nats_server = None
        self.topics = {}

    def qalam(self):
        server = self.qalam_server

        def fill():
            self.bench.use(server)
            self.topics[server] = server.new_topic(durable=False)
            codec = () if self.codec == "none" else ("-z", self.codec)
            server.bench("produce", self.topics[server], "--records", self.records, "--size", self.size, *codec)
            consume()

        def consume():
            self.bench.use(server)
            report, cpu = cpu_us(server, lambda report: report["records"], lambda: server.bench(
                "consume", self.topics[server], "--records", self.records))
            if report["records"] != self.records:
                raise Failed(f"read {report['records']} of {self.records} records")
            return {"records_per_s": report["records_per_s"], "mb_per_s": report["mb_per_s"], "cpu_us": cpu}

        return Side("qalam", NOTHING, "qalam bench consume", consume, prepare=fill)

    def kafka_topic(self):
        server = self.bench.kafka()
        if server not in self.topics:
            self.topics[server] = server.new_topic(durable=False)
            server.load("produce", topic=self.topics[server], records=self.records, size=self.size, codec=self.codec,
                        **KAFKA_BULK)
        return server, self.topics[server]

    def kafka(self):
        def consume():
            server, topic = self.kafka_topic()
            report, cpu = cpu_us(server, lambda report: report["records"], lambda: server.load(
                "consume", topic=topic, records=self.records, fetch=fetch << 20))
            return {"records_per_s": report["records_per_s"], "mb_per_s": report["mb_per_s"], "cpu_us": cpu}

        # Found by trying: what is compressed is better fetched in small pieces.
        fetch = 8 if self.codec == "none" else 1
        return Side(KAFKA, NOTHING, f"librdkafka, fetch.message.max.bytes {fetch} MiB, queued.min.messages 1000000",
                    consume, prepare=consume)

    def kafka_java(self):
        def consume():
            server, topic = self.kafka_topic()
            text = server.tool("org.apache.kafka.tools.ConsumerPerformance", "--bootstrap-server", server.address,
                               "--topic", topic, "--num-records", self.records)
            # A head and a line of CSV; the tenth is records a second without the time to join a group.
            return {"records_per_s": float(text.strip().splitlines()[-1].split(",")[9])}

        return Side("kafka/java", NOTHING, "ConsumerPerformance, fetch.nMsg.sec", consume)

    # --- Redis and NATS ---

    def redis(self, records):
        def fill():
            server = self.redis_server = self.bench.use(self.bench.redis(durable=False))
            # With ids that redis_read knows in advance.
            server.cli("EVAL", "for i = 1, ARGV[1] do redis.call('XADD', KEYS[1], i .. '-0', 'd', ARGV[2]) end", 1,
                       "stream", records, "0" * self.size)
            consume()

        def consume():
            server = self.bench.use(self.redis_server)
            report, cpu = cpu_us(server, lambda report: report["records"], lambda: last_json(run([
                self.bench.redis_read, "consume", "--address", server.address, "--records", records,
                "--batch", 5000, "--in-flight", 4])))
            if report["records"] != records:
                raise Failed(f"read {report['records']} of {records} records")
            return {"records_per_s": report["records_per_s"], "mb_per_s": report["mb_per_s"], "cpu_us": cpu}

        return Side("redis", NOTHING, "redis_read: XRANGE of 5000 entries (ids known in advance), 4 in flight on one "
                    f"socket, {records} records", consume, prepare=fill)

    def nats(self, records):
        """Of what `nats bench js` has for reading, none was clearly faster, and this needs no acknowledgements."""
        how = ("ordered", "--batch", 10_000)

        def consume():
            server = self.bench.use(self.nats_server)
            before = server.cpu_seconds()
            rate = server.benchmark(*how, "--msgs", records, "--size", f"{self.size}B")
            cpu = (server.cpu_seconds() - before) / records * 1e6
            return {"records_per_s": rate, "mb_per_s": rate * self.size / 1e6, "cpu_us": cpu}

        def fill():
            self.nats_server = self.bench.use(self.bench.nats(durable=False))
            self.nats_server.benchmark("pub", "fast", "bench", "--create", "--maxbytes", "8GB", "--batch", 4000,
                                       "--msgs", records, "--size", f"{self.size}B")
            consume()

        settings = " ".join(["nats bench js", *map(str, how)])
        return Side("nats", NOTHING, f"{settings}, {records} records", consume, prepare=fill)

    def close(self):
        if self.bench.kafka_server in self.topics:
            server = self.bench.kafka()
            server.delete_topic(self.topics[server])


def rows_h(bench):
    rows = []
    for row_id, title, size, records, factor in (("h", "100 B", 100, 8_000_000, 2.5),
                                                 ("h-1k", "1 KiB", 1024, 1_600_000, 1.5)):
        reading = Reading(bench, records, size)
        sides = [reading.qalam(), reading.kafka(), reading.kafka_java()]
        if size == 100:  # A million records say enough of these.
            sides += [reading.redis(bench.records(1_000_000)), reading.nats(bench.records(1_000_000))]
        rows.append(Row(row_id, f"consume from the start, 1 partition, {title}, from the page cache",
                        [RATE, BYTES, CPU], sides, [ahead(factor, KAFKA)], close=reading.close))
    return rows


def rows_p(bench):
    rows = []
    for codec in ("lz4", "zstd"):
        reading = Reading(bench, 6_000_000, codec=codec)
        rows.append(Row(f"p-{codec}-consume", f"as (h), 100 B, with {codec}", [RATE, BYTES, CPU],
                        [reading.qalam(), reading.kafka()], [ahead(2, KAFKA)], close=reading.close))
    return rows


# --- the client alone ---

def row_n(bench):
    """Both programs are tests/bench/peers; the brokers only have to be there."""
    records = bench.records(2_000_000)
    reading = Reading(bench, 1_000_000)
    taken_of_it = reading.records * 9 // 10  # A first batch of ours tells that records are coming.
    metrics = [Metric("send_per_s", "send calls/s"), Metric("iterate_per_s", "records iterated/s"),
               Metric("read_cpu_us", "client CPU us/record read, receiving included", lower=True)]

    def fill():
        reading.qalam().prepare()
        bench.qalam_load  # pylint: disable=pointless-statement  # built now, not in a sample

    def qalam():
        server = bench.use(reading.qalam_server)
        topic = server.new_topic(durable=False)

        def load(mode, *options):
            return last_json(run([bench.qalam_load, mode, "--address", server.address, *options]))

        sent = load("send", "--topic", topic, "--records", records)
        server.delete_topic(topic)
        taken = load("iterate", "--topic", reading.topics[server], "--records", taken_of_it)
        return {"send_per_s": sent["records_per_s"], "iterate_per_s": taken["records_per_s"],
                "read_cpu_us": taken["client_cpu_us"]}

    def kafka():
        server, filled = reading.kafka_topic()
        topic = server.new_topic(durable=False)
        sent = server.load("send", topic=topic, records=records, **KAFKA_BULK)
        server.delete_topic(topic)
        taken = server.load("iterate", topic=filled, records=taken_of_it)
        return {"send_per_s": sent["records_per_s"], "iterate_per_s": taken["records_per_s"],
                "read_cpu_us": taken["client_cpu_us"]}

    return Row("n", "the client library: Send of 100 B by one thread; iteration over what was received before",
               metrics,
               [Side("qalam", NOTHING, "qalam_load: Sender::Send; Reader::Next and its records", qalam, prepare=fill),
                Side(KAFKA, NOTHING, "kafka_load: rd_kafka_produce; rd_kafka_consume_batch_queue", kafka,
                     prepare=kafka)],
               [ahead(3, KAFKA, "Send >= 3 x librdkafka", "send_per_s"),
                ahead(3, KAFKA, "iteration >= 3 x librdkafka", "iterate_per_s")], close=reading.close)


# --- pipes ---

def row_o(bench):
    lines = bench.records(10_000_000)
    source = bench.work / "lines"
    server = bench.qalam()
    produce, consume = Metric("produce_per_s", "lines/s in"), Metric("consume_per_s", "lines/s out")

    def write_lines():
        with open(source, "w", encoding="ascii") as file:
            for first in range(0, lines, 10_000):
                file.write("".join(f"{i:010d} {'x' * 88}\n" for i in range(first, min(first + 10_000, lines))))

    def qalam():
        bench.use(server)
        topic = server.new_topic()
        took_in = timed(server.command("produce", topic, source, "--progress", "off"))
        took_out = timed(server.command("consume", topic, "--from", "start", "-e"))
        end = re.search(r'"high_watermark":\s*(\d+)', server.qalam("topic", "describe", topic, "-o", "json")).group(1)
        if int(end) != lines:
            raise Failed(f"{end} of {lines} lines arrived")
        server.delete_topic(topic)
        return {"produce_per_s": lines / took_in, "consume_per_s": lines / took_out}

    def kcat():
        kafka = bench.kafka()
        topic = kafka.new_topic()
        took_in = timed([
            "kcat", "-b", kafka.address, "-P", "-t", topic, "-p", "0", "-l", "-X", "acks=all", "-X", "linger.ms=5",
            "-X", "batch.size=1000000", "-X", "queue.buffering.max.messages=1000000", source])
        took_out = timed([
            "kcat", "-b", kafka.address, "-C", "-t", topic, "-p", "0", "-o", "beginning", "-e", "-q", "-X",
            "fetch.message.max.bytes=8388608", "-X", "queued.min.messages=1000000"])
        kafka.delete_topic(topic)
        return {"produce_per_s": lines / took_in, "consume_per_s": lines / took_out}

    return Row("o", f"the command line: {lines / 1e6:g} M lines of 100 B from a file (durable), and to /dev/null",
               [produce, consume],
               [Side("qalam", FSYNC, "qalam produce FILE; qalam consume --from start -e", qalam, prepare=write_lines),
                Side("kcat", FSYNC, "kcat -P -l, acks=all, linger.ms 5, batch.size 1 MB, flush.messages=1; kcat -C -e",
                     kcat)],
               [Goal("in >= 2 x kcat", "produce_per_s", 2, other="kcat"),
                Goal("out >= 2 x kcat", "consume_per_s", 2, other="kcat")],
               close=lambda: source.unlink(missing_ok=True))
