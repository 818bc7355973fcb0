#!/usr/bin/env python3
"""The story of every write: what `explain` tells of a mixed run agrees with what this test itself did.

Several idempotent producers (unary Append and Produce streams), records sent again, appends on a condition that does not
hold, acks=none, a proxy over the directory's socket, traces; a SIGKILL in the middle, a clean restart with another
number of writer threads at the end. Then 1,000 random records are explained and compared: sender, producer,
sequence, epoch, expected offset, batch, repetitions, durability, trace, and the order and length of its times. All refusals are
compared as well.
Usage: explain_test.py [--records 1000]     Needs Debian's python3-grpcio and python3-protobuf.
"""
import argparse
import json
import random
import struct
import threading
import time
import urllib.error
import urllib.request

import grpc

from harness import Broker, Checks, seed_from_arguments, temporary_directory
from reflect_client import Reflected, crc32c, error_of

TOPIC = "mixed"
PARTITIONS = 6
SHARED = (0, 1, 2)  # Many write there; the others have one writer each.
CONDITIONAL, STREAMED, UNASKED = 3, 4, 5
ALL, NONE = 1, 3
UNKNOWN, MEMORY, FSYNC = 0, 1, 3
SLACK_MS = 3
LATE_MS = 100  # So late a client on a busy machine may hear of what was acknowledged before a kill.
LOST_S = 3  # So much before a kill may be missing, when the machine has other things to do.


def varint(number):
    number = (number << 1) ^ (number >> 63)
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def batch_of(values, headers=(), producer=-1, epoch=-1, sequence=-1):
    """A RecordBatch v2; `headers` are the first record's."""
    body = b""
    for i, value in enumerate(values):
        record = b"\0" + varint(0) + varint(i) + varint(-1) + varint(len(value)) + value
        mine = headers if i == 0 else ()
        record += varint(len(mine))
        for name, content in mine:
            record += varint(len(name)) + name + varint(len(content)) + content
        body += varint(len(record)) + record
    now = int(time.time() * 1000)
    rest = struct.pack(">hiqqqhii", 0, len(values) - 1, now, now, producer, epoch, sequence, len(values)) + body
    return struct.pack(">qiibI", 0, len(rest) + 9, -1, 2, crc32c(rest)) + rest


def some_trace():
    return f"00-{random.getrandbits(128) | 1:032x}-{random.getrandbits(64) | 1:016x}-01"


class Truth:
    """What was done: by (partition, offset) one dict for each batch; refusals by partition, oldest first."""

    def __init__(self):
        self.lock = threading.Lock()
        self.records = {}
        self.refused = {p: [] for p in range(PARTITIONS)}

    def written(self, partition, base, count, **story):
        story.update(base=base, last=base + count - 1, again=0)
        with self.lock:
            for offset in range(base, base + count):
                assert (partition, offset) not in self.records, f"{partition}@{offset} given twice"
                self.records[partition, offset] = story

    def repeated(self, partition, base):
        with self.lock:
            self.records[partition, base]["again"] += 1

    def refusal(self, partition, **story):
        with self.lock:
            self.refused[partition].append(story)


class Caller:
    """One connection."""

    def __init__(self, address):
        self.channel = grpc.insecure_channel(address)
        self.reflected = Reflected(self.channel)
        self.log = self.reflected.LogService
        self.observe = self.reflected.ObserveService
        self.request = self.reflected.message("qalam.v1.AppendRequest")
        self.append_call = self.channel.unary_unary(
            "/qalam.v1.LogService/Append", request_serializer=self.request.SerializeToString,
            response_deserializer=self.reflected.message("qalam.v1.AppendResponse").FromString)

    def append(self, trace=None, **fields):
        metadata = (("traceparent", trace),) if trace else ()
        return self.append_call(self.request(**fields), timeout=20, metadata=metadata)

    def close(self):
        self.channel.close()


class Appender(threading.Thread):
    """An idempotent producer that calls Append, one batch after the other."""

    def __init__(self, address, number, partition, truth, batches, until_killed=False):
        super().__init__(daemon=True)
        self.address, self.number, self.partition, self.truth = address, number, partition, truth
        self.batches, self.until_killed = batches, until_killed
        self.client = f"appender-{number}"
        self.caller = Caller(address)
        identity = self.caller.log.InitProducer(client_id=self.client)
        self.producer, self.epoch, self.sequence = identity.producer_id, identity.producer_epoch, 0
        self.end = 0      # Of the log, where nobody else writes.
        self.unsure = None  # The request that a kill cut off.
        self.error = None

    def run(self):
        try:
            for _ in range(self.batches):
                self.step()
        except (grpc.RpcError, KeyError) as error:  # KeyError: an error that the broker did not make.
            if not self.until_killed:
                self.error = error
        except AssertionError as error:
            self.error = error

    def fields(self, count):
        return {"topic": TOPIC, "partition": self.partition, "client_id": self.client, "producer_id": self.producer,
                "producer_epoch": self.epoch, "base_sequence": self.sequence,
                "records": [{"value": b"%d of %s" % (i, self.client.encode())} for i in range(count)]}

    def step(self):
        count = random.choice((1, 1, 1, 2, 5))
        fields = self.fields(count)
        trace = some_trace() if random.random() < 0.2 else None
        expected = -1
        dice = random.random()
        if dice < 0.1:
            self.refuse(fields, count, expected_offset=10**9, reason="UNEXPECTED_OFFSET")
        elif dice < 0.15:
            self.refuse({**fields, "base_sequence": self.sequence + 100}, count, reason="OUT_OF_ORDER_SEQUENCE"
                        if self.sequence else "UNKNOWN_PRODUCER")
        if self.partition == CONDITIONAL:
            expected = fields["expected_offset"] = self.end
        acks = NONE if self.partition == UNASKED else ALL
        self.send(fields, count, trace, expected, acks)

    def send(self, fields, count, trace, expected, acks):
        self.unsure = (fields, count, trace, expected, acks)
        wall, begun = time.time() * 1000, time.monotonic_ns()
        answer = self.caller.append(trace, acks=acks, **fields)
        took, end = time.monotonic_ns() - begun, time.time() * 1000
        self.unsure = None
        assert not answer.duplicate, "what was never sent is a duplicate"
        base = self.end if acks == NONE else answer.base_offset
        self.truth.written(
            self.partition, base, count, client=self.client, protocol="grpc", producer=self.producer, epoch=self.epoch,
            sequence=fields["base_sequence"], expected=expected, durability=MEMORY if acks == NONE else FSYNC,
            leader_epoch=None if acks == NONE else answer.leader_epoch, trace=trace or "", sent_ms=wall, acked_ms=end,
            took_ns=None if acks == NONE else took)
        self.end = base + count
        self.sequence += count
        if acks == ALL and random.random() < 0.15:
            for _ in range(random.choice((1, 1, 3))):
                again = self.caller.append(None, **fields)
                assert again.duplicate and again.base_offset == base, "a repetition is not recognised"
                self.truth.repeated(self.partition, base)

    def refuse(self, fields, count, reason, **more):
        wall = time.time() * 1000
        _, info = error_of(self.caller.reflected, lambda: self.caller.append(None, **{**fields, **more}))
        assert info.reason == reason, f"refused for {info.reason}, not {reason}"
        self.truth.refusal(self.partition, code=reason, client=self.client, producer=self.producer,
                           sequence=fields["base_sequence"], expected=more.get("expected_offset", -1), records=count,
                           at_ms=wall, end=self.end if self.partition not in SHARED else None)

    def go_on(self, address, batches):
        """The same producer, with a new connection, after a restart: what was cut off is sent again."""
        other = Appender.__new__(Appender)
        threading.Thread.__init__(other, daemon=True)
        other.__dict__.update({k: v for k, v in self.__dict__.items() if not k.startswith("_")})
        other.caller = Caller(address)
        other.batches, other.until_killed, other.error = batches, False, None
        return other

    def settle(self):
        """Sends again what a kill cut off. True: it had been written; its story may be lost."""
        if self.unsure is None:
            return False
        fields, count, trace, expected, acks = self.unsure
        self.unsure = None
        answer = self.caller.append(trace, acks=ALL, **fields)
        self.sequence += count
        self.end = answer.base_offset + count
        return answer.duplicate


def stream(address, truth, rounds):
    """A Produce stream with batches of its own making: traces in a record's header, repetitions, refusals."""
    caller = Caller(address)
    identity = caller.log.InitProducer(client_id="stream")
    producer, epoch, sequence = identity.producer_id, identity.producer_epoch, 0
    end = [o.offset for o in caller.log.ListOffsets(topic=TOPIC, queries=[{"partition": STREAMED, "latest": True}]).results][0]
    send, ready = [], threading.Semaphore(0)

    def requests():
        while True:
            ready.acquire()
            request = send.pop(0)
            if request is None:
                return
            yield request

    answers = caller.log.Produce(requests=requests())
    results = iter(result for answer in answers for result in answer.results)

    def put(request):
        send.append(request)
        ready.release()

    put({"open": {"topic": TOPIC, "partition": STREAMED, "client_id": "stream", "stream_number": 1}})
    for number in range(rounds):
        values = [b"streamed %d" % i for i in range(random.choice((1, 3, 10)))]
        trace = some_trace() if random.random() < 0.3 else ""
        headers = [(b"other", b"x"), (b"traceparent", trace.encode())] if trace else []
        batch = batch_of(values, headers, producer, epoch, sequence)
        wall, begun = time.time() * 1000, time.monotonic_ns()
        put({"batch": {"batch_id": number, "batch": batch}})
        result = next(results)
        took, done = time.monotonic_ns() - begun, time.time() * 1000
        assert not result.error.reason and not result.duplicate and result.base_offset == end, result
        truth.written(STREAMED, end, len(values), client="stream", protocol="grpc", producer=producer, epoch=epoch,
                      sequence=sequence, expected=-1, durability=FSYNC, leader_epoch=result.leader_epoch, trace=trace,
                      sent_ms=wall, acked_ms=done, took_ns=took)
        sequence += len(values)
        end += len(values)
        if random.random() < 0.2:
            put({"batch": {"batch_id": number, "batch": batch}})
            assert next(results).duplicate
            truth.repeated(STREAMED, end - len(values))
        if random.random() < 0.1:
            following = batch_of([b"never"], (), producer, epoch, sequence)
            wall = time.time() * 1000
            put({"batch": {"batch_id": number, "batch": following, "expected_offset": end + 5}})
            put({"batch": {"batch_id": number, "batch": following}})
            reasons = [next(results).error.reason for _ in range(2)]
            assert reasons == ["UNEXPECTED_OFFSET", "PRECEDING_FAILED"], reasons
            for reason, expected in zip(reasons, (end + 5, -1)):
                truth.refusal(STREAMED, code=reason, client="stream", producer=producer, sequence=sequence,
                              expected=expected, records=1, at_ms=wall, end=end)
            put({"restart": {}})
    put(None)
    list(answers)
    caller.close()


def by_proxy(broker, truth, partition, count):
    """`qalam --dir`: over the socket of the owner of the directory."""
    lines = "".join(f"by proxy {i}\n" for i in range(count)).encode()
    wall = time.time() * 1000
    done = broker.qalam("--dir", str(broker.data_dir), "produce", TOPIC, "-p", partition, "-o", "json", stdin=lines)
    end = time.time() * 1000
    offsets = sorted(json.loads(line)["offset"] for line in done.stdout.splitlines())
    for offset in offsets:  # Which came together is the client's to choose.
        truth.written(partition, offset, 1, client="qalam-cli", protocol={"grpc", "local"}, producer=None, epoch=0, sequence=None,
                      expected=-1, durability=FSYNC, leader_epoch=None, trace="", sent_ms=wall, acked_ms=end, took_ns=None,
                      loose=True)


def differences(told, done, partition, offset, recent):
    """What the story says otherwise than what was done. `recent`: what came behind it may be forgotten."""
    batch = told.batch
    wrong = []

    def same(name, got, wanted):
        if wanted is not None and got != wanted and not (isinstance(wanted, set) and got in wanted):
            wrong.append(f"{name} {got!r}, not {wanted!r}")

    same("place", (told.topic, told.partition, told.offset), (TOPIC, partition, offset))
    if not done.get("loose"):
        same("base", batch.base_offset, done["base"])
        same("last", batch.last_offset, done["last"])
        same("repetitions", batch.duplicates, None if recent and batch.duplicates < done["again"] else done["again"])
    elif not batch.base_offset <= offset <= batch.last_offset:
        wrong.append("its batch is another one")
    same("client", batch.sender.client_id, done["client"])
    same("protocol", batch.sender.protocol, done["protocol"])
    same("producer", batch.producer_id, done["producer"])
    same("epoch", batch.producer_epoch, done["epoch"])
    same("sequence", batch.base_sequence, done["sequence"])
    same("expected offset", batch.expected_offset, done["expected"])
    same("leader epoch", batch.leader_epoch, done["leader_epoch"])
    same("trace", batch.traceparent, done["trace"])
    if not done["sent_ms"] - SLACK_MS <= batch.received_ms <= done["acked_ms"] + SLACK_MS:
        wrong.append(f"received {batch.received_ms - done['sent_ms']:.0f} ms after it was sent, "
                     f"acknowledged after {done['acked_ms'] - done['sent_ms']:.0f}")
    if recent and batch.total_ns == -1:
        # The kill came after the batch's entry was in the ring's file and before its group's was.
        same("durability", batch.durability, UNKNOWN)
        if not any("not acknowledged, as far as is known" in line for line in told.lines):
            wrong.append("no word that the rest is not known")
        return wrong
    same("durability", batch.durability, done["durability"])
    steps = (batch.check_ns, batch.queue_ns, batch.group.write_ns, batch.group.sync_ns)
    if min(steps) < 0 or sum(steps) > batch.total_ns:
        wrong.append(f"steps {steps} make more than {batch.total_ns}")
    if done["took_ns"] is not None and batch.total_ns > done["took_ns"]:
        wrong.append(f"took {batch.total_ns} ns, but the client waited only {done['took_ns']}")
    if batch.group.batches < 1 or batch.group.bytes < batch.bytes or batch.group.closed == 0:
        wrong.append(f"a strange group: {batch.group}")
    if not told.lines:
        wrong.append("no sentences")
    return wrong


def http(broker, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{broker.http_port}{path}", timeout=10) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as refused:
        return refused.code, json.loads(refused.read())


def check_stories(check, caller, truth, count, killed_at):
    chosen = random.sample(sorted(truth.records), min(count, len(truth.records)))
    wrong, lost = [], []
    for partition, offset in chosen:
        done = truth.records[partition, offset]
        recent = killed_at - LOST_S * 1000 <= done["acked_ms"] <= killed_at + LATE_MS
        try:
            told = caller.observe.ExplainRecord(topic=TOPIC, partition=partition, offset=offset)
        except grpc.RpcError as error:
            (lost if error.code() == grpc.StatusCode.NOT_FOUND and recent else wrong).append(
                f"{partition}@{offset}, acknowledged {(killed_at - done['acked_ms']) / 1000:.1f} s before the kill: {error.details()}")
            continue
        wrong += [f"{partition}@{offset}: {what}" for what in differences(told, done, partition, offset, recent)]
    for line in wrong[:20]:
        print("      " + line)
    check(len(chosen) == count, f"{len(chosen)} records of {len(truth.records)} chosen")
    check(not wrong, f"{len(chosen) - len(lost)} stories agree with what was done, {len(wrong)} differences")
    check(len(lost) < len(chosen) / 2, f"{len(lost)} of the last moment before the kill are not remembered")


def check_refusals(check, caller, truth, killed_at):
    wrong, count = [], 0
    for partition in range(PARTITIONS):
        told = caller.observe.ListRefusals(topic=TOPIC, partition=partition, limit=1000)
        done = sorted(truth.refused[partition], key=lambda one: -one["at_ms"])
        count += len(done)
        rest = list(told.refusals)
        if any(a.at_ms < b.at_ms for a, b in zip(rest, rest[1:])):
            wrong.append(f"{partition}: not newest first")
        for one in done:
            found = next((r for r in rest if (r.code, r.sender.client_id, r.producer_id, r.base_sequence, r.expected_offset, r.records) ==
                          (one["code"], one["client"], one["producer"], one["sequence"], one["expected"], one["records"])
                          and (one["end"] is None or r.log_end_offset == one["end"])
                          and -SLACK_MS <= r.at_ms - one["at_ms"] < 20_000 and r.message), None)
            if found is not None:
                rest.remove(found)
            elif not killed_at - LOST_S * 1000 <= one["at_ms"] <= killed_at + SLACK_MS:
                wrong.append(f"{partition}: {one} is missing")
        wrong += [f"{partition}: nobody did {r}" for r in rest]
        if not 0 < told.complete_since_ms <= time.time() * 1000:
            wrong.append(f"{partition}: complete since {told.complete_since_ms}")
    for line in wrong[:10]:
        print("      " + line)
    check(count > 20 and not wrong, f"{count} refusals with their reasons, {len(wrong)} differences")


def check_reads(check, broker, caller, truth):
    fresh = "unread"
    broker.qalam("topic", "create", fresh, "-p", 1)
    broker.qalam("produce", fresh, stdin=b"a\nb\nc\n")
    before = caller.observe.ExplainRecord(topic=fresh, partition=0, offset=1).batch.first_read_ns
    time.sleep(0.05)
    broker.qalam("consume", fresh, "--from", "start", "-e")
    after = caller.observe.ExplainRecord(topic=fresh, partition=0, offset=1).batch.first_read_ns
    time.sleep(1.2)  # The writer takes it over by then.
    later = caller.observe.ExplainRecord(topic=fresh, partition=0, offset=1).batch.first_read_ns
    check(before == -1 and 50_000_000 <= after < 20_000_000_000 and later == after, f"first read {after / 1e6:.0f} ms after the acknowledgement")


def check_faces(check, broker, truth):
    """The same story by the command line and by HTTP; errors that help."""
    (partition, offset), done = next((place, d) for place, d in sorted(truth.records.items()) if d["trace"] and d["again"])
    place = f"{TOPIC}:{partition}@{offset}"
    told = broker.qalam_json("explain", place)
    page = http(broker, f"/api/v1/explain?topic={TOPIC}&partition={partition}&offset={offset}")[1]
    check(told["sender"]["client_id"] == page["batch"]["sender"]["clientId"] == done["client"]
          and told["traceparent"] == page["batch"]["traceparent"] == done["trace"]
          and told["total_ns"] == int(page["batch"]["totalNs"]) and told["lines"] == page["lines"], "command line and HTTP say the same")
    text = broker.qalam("explain", place).stdout.decode()
    check(all(line in text for line in told["lines"]) and "sync   |" in text, "for people: sentences and where the time went")
    by_dir = broker.qalam("--dir", str(broker.data_dir), "explain", place, "-o", "json").stdout
    check(json.loads(by_dir)["base_offset"] == told["base_offset"], "over the directory's socket as well")
    refused = next(p for p in range(PARTITIONS) if truth.refused[p])
    listed = broker.qalam_json("explain", "--refused", f"{TOPIC}:{refused}", "--limit", 5)
    check(0 < len(listed["refusals"]) <= 5 and listed["complete_since_ms"] > 0, "explain --refused")
    table = broker.qalam("explain", "--refused", f"{TOPIC}:{refused}").stdout.decode()
    check(table.splitlines()[0].split()[:3] == ["AT", "CODE", "CLIENT"], "explain --refused as a table")
    status, page = http(broker, f"/api/v1/refusals?topic={TOPIC}&partition={refused}&limit=5")
    check(status == 200 and len(page["refusals"]) == len(listed["refusals"]), "/api/v1/refusals")

    for code, says, *arguments in (
            (4, "UNKNOWN_TOPIC", "explain", "mixd:0@1"), (4, "UNKNOWN_PARTITION", "explain", f"{TOPIC}:99@1"),
            (1, "OFFSET_OUT_OF_RANGE", "explain", f"{TOPIC}:0@99999999"), (2, "offset", "explain", f"{TOPIC}:0@x"),
            (2, "partition", "explain", f"{TOPIC}@1"), (2, "partition", "explain", "--refused", TOPIC),
            (4, "UNKNOWN_TOPIC", "explain", "--refused", "mixd:0")):
        done = broker.qalam(*arguments, check=False)
        said = done.stderr.decode()
        check(says in said and (done.returncode == code or says == "OFFSET_OUT_OF_RANGE" and done.returncode),
              f"{' '.join(arguments)}: {done.returncode}, {said.splitlines()[0] if said else ''}")
    for status, path in ((404, "/api/v1/explain?topic=mixd&partition=0&offset=0"), (400, "/api/v1/explain?topic=mixed&partition=0"),
                         (400, "/api/v1/explain?topic=mixed&partition=0&offset=-1"), (400, "/api/v1/explain?partition=0&offset=0"),
                         (400, "/api/v1/refusals?topic=mixed&partition=0&limit=0"), (400, "/api/v1/refusals?topic=mixed&partition=0&x=1")):
        got, answer = http(broker, path)
        check(got == status and answer["error"]["reason"], f"{path}: {got} {answer['error']['reason']}")


def check_off(check, base):
    with Broker(base / "off", settings=["qalam.explain.ring.bytes=0"]) as broker:
        broker.qalam("topic", "create", "t", "-p", 1)
        broker.qalam("produce", "t", stdin=b"x\n")
        done = broker.qalam("explain", "t:0@0", check=False)
        check(done.returncode == 4 and b"qalam.explain.ring.bytes" in done.stderr, "switched off, it says so")
        check(not (broker.data_dir / "rings").exists(), "and keeps no file")


def load(check, broker, truth, appenders):
    threads = [*appenders, threading.Thread(target=stream, args=(broker.address, truth, 150))]
    for thread in threads:
        thread.start()
    by_proxy(broker, truth, 0, 40)
    for thread in threads:
        thread.join()
    errors = [a.error for a in appenders if a.error]
    check(not errors, f"everybody did as planned {errors[:2]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=1000)
    arguments = parser.parse_args()
    random.seed(seed_from_arguments())
    check = Checks()
    truth = Truth()
    with temporary_directory() as base, \
            Broker(base / "data", settings=["qalam.writer.threads=2", "qalam.log.level=debug"]) as broker:
        broker.qalam("topic", "create", TOPIC, "-p", PARTITIONS)
        partitions = [*SHARED, *SHARED, CONDITIONAL, UNASKED]
        appenders = [Appender(broker.address, i, p, truth, 100) for i, p in enumerate(partitions)]
        load(check, broker, truth, appenders)

        # A kill while they write; those of the last moments may be forgotten.
        time.sleep(LOST_S)
        victims = [a.go_on(broker.address, 10**6) for a in appenders if a.partition != UNASKED]
        for victim in victims:
            victim.until_killed = True
            victim.start()
        time.sleep(0.7)
        killed_at = time.time() * 1000
        broker.kill()
        for victim in victims:
            victim.join()
        check(not any(v.error for v in victims), f"wrote until they were cut off {[v.error for v in victims if v.error][:2]}")
        broker.start()
        resumed = [v.go_on(broker.address, 60) for v in victims]
        written = sum(r.settle() for r in resumed)
        print(f"      {written} of {len(resumed)} that the kill cut off had been written")
        load(check, broker, truth, resumed)

        caller = Caller(broker.address)
        check_reads(check, broker, caller, truth)
        check_faces(check, broker, truth)
        caller.close()
        traced = [d["trace"] for d in truth.records.values() if d["trace"]]
        log = broker.log_path.read_text(errors="replace")
        check(all(trace in log for trace in traced), f"each of {len(traced)} traced records is in the debug log")

        # What the rings hold survives a clean stop, and another number of writers.
        check(broker.stop() == 0, "stopped cleanly")
        broker.settings = ["qalam.writer.threads=1"]
        broker.start()
        caller = Caller(broker.address)
        check_stories(check, caller, truth, arguments.records, killed_at)
        check_refusals(check, caller, truth, killed_at)
        caller.close()
        files = sorted(path.name for path in (broker.data_dir / "rings").iterdir())
        check(broker.stop() == 0, "stopped cleanly")
        files = sorted(path.name for path in (broker.data_dir / "rings").iterdir())
        check(files == ["writer-0.ring"], f"one file for one writer: {files}")
        ring = broker.data_dir / "rings/writer-0.ring"
        check(ring.stat().st_mode & 0o777 == 0o600 and ring.stat().st_size <= 4200 * 1024, f"{ring.stat().st_size} bytes, only its owner's")

        # A damaged file, and one of another format, are no reason not to start.
        damaged = bytearray(ring.read_bytes())
        for _ in range(200):
            damaged[random.randrange(4096, len(damaged))] ^= 0x5A
        for content in (damaged, b"something else" * 1000, b""):
            ring.write_bytes(content)
            broker.start()
            broker.qalam("explain", f"{TOPIC}:0@0", check=False)
            check(broker.stop() == 0, f"started with {bytes(content[:9])!r}... in the ring's file")
        check(b"decision ring" in broker.log_path.read_bytes(), "and the log says so")
        check_off(check, base)
    check.finish()


if __name__ == "__main__":
    main()
