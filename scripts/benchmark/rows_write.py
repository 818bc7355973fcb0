"""Rows about publishing: throughput, acknowledgements one by one, partitions, codecs, writer threads."""
from benchmark.bench import cpu_us
from benchmark.servers import last_json, run
from benchmark.sides_write import Writing, check_durability, flush_text
from benchmark.table import FSYNC, Goal, Metric, Row, Side

RATE = Metric("records_per_s", "records/s")
BYTES = Metric("mb_per_s", "MB/s")
CPU = Metric("cpu_us", "server CPU us/record", lower=True)
P50 = Metric("p50_ms", "p50 ms", lower=True)
P99 = Metric("p99_ms", "p99 ms", lower=True)
P999 = Metric("p999_ms", "p99.9 ms", lower=True)
MEMORY = Metric("memory_mib", "server memory MiB", lower=True)
BULK = [RATE, BYTES, CPU, MEMORY]
KAFKA = "kafka/librdkafka"
KAFKA_RAW = "kafka/raw"


def ahead(factor, of, text=None, metric="records_per_s"):
    return Goal(text or f">= {factor:g} x {of}", metric, factor, other=of)


def share(percent, of="ceiling"):
    return Goal(f">= {percent} % of the {of}", "records_per_s", percent / 100, other=of)


def row_a(bench):
    writing = Writing(bench, 16_000_000)  # On a fast machine half of it would be over before it is steady.
    return Row("a", "produce, 1 partition, 1 client, 100 B, durable", BULK,
               [writing.qalam(), writing.ceiling(), writing.kafka(bench.records(8_000_000)), writing.kafka_java(),
                writing.redis(bench.records(1_000_000)), writing.nats(bench.records(100_000))],
               [share(70), ahead(5, KAFKA)])


def row_b(bench):
    writing = Writing(bench, 16_000_000, durable=False)
    return Row("b", "produce, 1 partition, 1 client, 100 B, acknowledged after the write", BULK,
               [writing.qalam(), writing.ceiling(), writing.kafka(bench.records(8_000_000)), writing.kafka_java(),
                writing.redis(bench.records(1_000_000)), writing.nats(bench.records(500_000))],
               [share(70), ahead(3, KAFKA), ahead(6, "redis")])


def row_c(bench):
    writing = Writing(bench, 1_600_000, size=1024)
    return Row("c", "produce, 1 partition, 1 client, 1 KiB, durable", BULK,
               [writing.qalam(), writing.ceiling(), writing.kafka(bench.records(800_000)), writing.kafka_java(),
                writing.redis(bench.records(300_000)), writing.nats(bench.records(100_000))],
               [share(80), ahead(5, KAFKA)])


def kafka_callers(bench, writing, callers):
    def call():
        server = bench.kafka()
        topic = server.new_topic(durable=writing.durable)
        report, cpu = cpu_us(server, lambda report: report["records"], lambda: server.load(
            "callers", topic=topic, producers=1, callers=callers, seconds=2 if bench.quick else 4,
            # Only one request under way lets them share a batch.
            in_flight=1))
        server.delete_topic(topic)
        return {"records_per_s": report["records_per_s"], "p50_ms": report["ack_ms"]["p50"],
                "p99_ms": report["ack_ms"]["p99"], "cpu_us": cpu}

    return Side(KAFKA, FSYNC, f"librdkafka, 1 producer, {callers} threads, max.in.flight 1, linger.ms 0, "
                f"{flush_text(True)['kafka']}", call, prepare=call)


def kafka_connections(bench, writing, connections):
    """Without librdkafka: its threads, two for each client, would take from the broker what it needs."""
    def call():
        server = bench.kafka()
        topic = server.new_topic(durable=writing.durable)
        report, cpu = cpu_us(server, lambda report: report["records"], lambda: server.load(
            "produce", bench.kafka_raw, topic=topic, connections=connections, size=writing.size,
            seconds=2 if bench.quick else 4))
        server.delete_topic(topic)
        return {"records_per_s": report["records_per_s"], "p50_ms": report["ack_ms"]["p50"],
                "p99_ms": report["ack_ms"]["p99"], "cpu_us": cpu}

    shape = f"kafka_raw: one thread, {connections} sockets, no client library"
    return Side(KAFKA_RAW, FSYNC, f"{shape}; Produce v7 with one record, acks=-1, {flush_text(True)['kafka']}", call,
                prepare=call)


def row_d(bench):
    writing = Writing(bench, 80_000)
    callers = ("--connections", 64, "--callers", 1, "--by-callbacks")  # One program without a thread for each.
    return Row("d", "64 connections, one record in flight on each, 100 B, durable", [RATE, P50, P99, CPU],
               [writing.qalam(options=callers, seconds=4, skipped=bench.qalam_lacks("--by-callbacks", "bench", "produce")),
                writing.ceiling("--write", "none", "--batch", 200, "--in-flight", 1, "--connections", 64,
                                name="ping-pong", text="gRPC alone: a message of 200 B there, an answer back"),
                writing.ceiling("--batch", 200, "--in-flight", 1, "--connections", 64,
                                name="ceiling", text="the same, answered once a writer has written and synced it"),
                kafka_connections(bench, writing, 64),
                writing.redis(bench.records(200_000), clients=64, pipeline=1),
                writing.nats(bench.records(10_000), how="sync", options=("--clients", 64))],
               [ahead(12, KAFKA_RAW), share(70, "ping-pong")])


def callers_wall(bench, callers):
    """Threads that wait, a write and a sync for all of them: nothing else."""
    def wait():
        bench.use(None)
        report = last_json(run([bench.callers_wall, "threads", "--directory", bench.work, "--callers", callers,
                                "--seconds", 2 if bench.quick else 4]))
        return {"records_per_s": report["records_per_s"], "p50_ms": report["ack_ms"]["p50"],
                "p99_ms": report["ack_ms"]["p99"]}

    return Side("threads alone", FSYNC, f"callers_wall: {callers} threads, one write and one sync for all who wait, in "
                "one process, nothing else", wait)


def row_e(bench):
    writing = Writing(bench, 80_000)
    return Row("e", "1 client, 64 threads, each waits for its own acknowledgement, 100 B, durable",
               [RATE, P50, P99, CPU],
               [writing.qalam(options=("--connections", 1, "--callers", 64), seconds=4,
                              skipped=bench.qalam_lacks("--callers", "bench", "produce")),
                callers_wall(bench, 64), kafka_callers(bench, writing, 64)],
               [Goal(">= 150 k/s", "records_per_s", 150_000)])


# Over many partitions both are faster when they wait longer for larger batches: each one costs Kafka a sync, and us a
# message.
SPREAD = ("--batch", "1MiB", "--linger", "20ms")
KAFKA_SPREAD = {"linger": 50, "queue": 1_000_000, "in_flight": 1_000_000}
KAFKA_SPREAD_TEXT = "librdkafka, acks=all, batch.size 1 MB, linger.ms 50"


def row_i(bench):
    writing = Writing(bench, 16_000_000, partitions=100)
    one = Writing(bench, 16_000_000)
    one.kept = writing.kept  # The same server.
    return Row("i", "produce spread over 100 partitions, 1 client, 100 B, durable", BULK,
               [writing.qalam(options=SPREAD), one.qalam(name="qalam, 1 partition"),
                writing.kafka(bench.records(3_000_000), options=KAFKA_SPREAD, text=KAFKA_SPREAD_TEXT)],
               [ahead(0.6, "qalam, 1 partition", ">= 60 % of one partition"), ahead(3, KAFKA)])


def rows_p(bench):
    rows = []
    for codec in ("lz4", "zstd"):
        writing = Writing(bench, 6_000_000, codec=codec)
        rows.append(Row(f"p-{codec}-produce", f"as (a) with {codec}", BULK,
                        [writing.qalam(), writing.kafka(bench.records(4_000_000))], [ahead(2, KAFKA)]))
    return rows


def row_q(bench):
    writing = Writing(bench, 6_000_000, partitions=8)
    sides = [writing.qalam(name=f"{threads} writer thread{'s' if threads > 1 else ''}",
                           settings=(f"qalam.writer.threads={threads}",)) for threads in (1, 2, 4)]
    goals = [Goal(f"{side.name} >= 95 % of one", "records_per_s", 0.95, side=side.name, other=sides[0].name)
             for side in sides[1:]]
    return Row("q", "1, 2 and 4 writer threads, 8 partitions, 1 client, 100 B, durable", BULK, sides, goals)


# --- at a rate ---

# Found by trying: with more requests in flight, librdkafka sends each record alone and Kafka drowns.
KAFKA_PROMPT = {"linger": 0, "in_flight": 1}
KAFKA_PROMPT_TEXT = "librdkafka, linger.ms 0, max.in.flight 1, flush.messages=1"
SECONDS_AT_RATE = 8


def qalam_at_rate(bench, server_of, rate, verb, name="qalam", **labels):
    records = rate * (3 if bench.quick else SECONDS_AT_RATE)
    latency = "e2e_ms" if verb == "e2e" else "ack_ms"

    def measure(count):
        server = server_of()
        topic = server.new_topic()
        report, cpu = cpu_us(server, lambda report: report["records"], lambda: server.bench(
            verb, topic, "--records", count, "--rate", rate))
        check_durability(report, True)
        server.delete_topic(topic)
        return {"records_per_s": report["records_per_s"], "cpu_us": cpu,
                **{f"{name}_ms": report[latency][name] for name in ("p50", "p99", "p999")}}

    return Side(name, FSYNC, f"qalam bench {verb} --rate {rate}", lambda: measure(records),
                prepare=lambda: measure(rate), **labels)


def kafka_at_rate(bench, rate, mode, name=KAFKA, **labels):
    records = rate * (3 if bench.quick else SECONDS_AT_RATE)
    latency = "e2e_ms" if mode == "e2e" else "ack_ms"

    def measure(count):
        server = bench.kafka()
        topic = server.new_topic()
        report, cpu = cpu_us(server, lambda report: report["records"], lambda: server.load(
            mode, topic=topic, records=count, rate=rate, **KAFKA_PROMPT))
        server.delete_topic(topic)
        return {"records_per_s": report["records_per_s"], "cpu_us": cpu,
                **{f"{name}_ms": report[latency][name] for name in ("p50", "p99", "p999")}}

    return Side(name, FSYNC, KAFKA_PROMPT_TEXT, lambda: measure(records), prepare=lambda: measure(rate), **labels)


def own_server(bench):
    writing = Writing(bench, 0)
    return writing.qalam_server


def row_f(bench):
    return Row("f", "acknowledgement at 20,000 records/s, open loop, 100 B, durable", [P50, P99, P999, CPU],
               [qalam_at_rate(bench, own_server(bench), 20_000, "produce"), kafka_at_rate(bench, 20_000, "rate")],
               [Goal("p50 <= 0.5 ms", "p50_ms", 0.5), Goal("p99 <= 1.5 ms", "p99_ms", 1.5),
                Goal("p99.9 <= 4 ms", "p999_ms", 4)], pauses=True)


def row_g(bench):
    return Row("g", "from produce to a tailing consumer at 20,000 records/s, 100 B, durable", [P50, P99, P999, CPU],
               [qalam_at_rate(bench, own_server(bench), 20_000, "e2e"), kafka_at_rate(bench, 20_000, "e2e")],
               [Goal("p99 <= half of Kafka's", "p99_ms", 0.5, other=KAFKA)], pauses=True)


# --- curves ---

def row_w(bench):
    writing = Writing(bench, 4_000_000)
    sides = []
    for window in (1, 2, 4, 8, 16, 32, 64, 128):
        sides.append(writing.qalam(name=f"qalam @ {window}", options=("--in-flight", window), series="qalam",
                                   x=window))
        sides.append(writing.kafka(bench.records(2_000_000), name=f"{KAFKA} @ {window}",
                                   options={"in_flight": window},
                                   text="librdkafka, acks=all, batch.size 1 MB, linger.ms 5, max.in.flight as said",
                                   series=KAFKA, x=window))
    return Row("w", "curve: throughput against batches in flight, 100 B, durable", [RATE, P99], sides,
               pairs_max=3, x_title="batches in flight")


def row_r(bench):
    server_of = own_server(bench)
    sides = []
    for rate in (1_000, 5_000, 20_000, 50_000, 100_000, 200_000, 500_000):
        sides.append(qalam_at_rate(bench, server_of, rate, "produce", f"qalam @ {rate}", series="qalam", x=rate))
        sides.append(kafka_at_rate(bench, rate, "rate", f"{KAFKA} @ {rate}", series=KAFKA, x=rate))
    return Row("r", "curve: latency of acknowledgements against rate, open loop, 100 B, durable",
               [P50, P99, P999, RATE], sides, pairs_max=3, x_title="records/s asked for", pauses=True)


