"""A scripted life of one broker that visits every kind of durable change; what was promised in it; and the look
afterwards, when everything that was broken is healed."""
import subprocess
import time

import grpc

from qalam_qa import readback
from qalam_qa.history import History
from qalam_qa.independent import Independent, reason_of
from qalam_qa.programs import harness
from qalam_qa.sender import Sender

PHASES = ["start new", "create", "append", "roll", "trim", "retention", "second topic", "settings", "clean stop",
          "start clean", "append again", "recover", "append at last", "last stop"]
SETTINGS = ["log.retention.check.interval.ms=20", "log.segment.delete.delay.ms=0", "log.segment.bytes=16KiB"]
# Documented ends of a broker whose disk fails it.
EXITS = {0, 69, 73, 74, 78}
PATIENCE_S = 3.0


class Ended(Exception):
    """The broker is gone, or did not come up."""


class Life:
    """Thread: one. `faults` may kill the broker or break its calls at any time."""

    def __init__(self, tmp, faults, settings=()):
        self.faults = faults
        self.history = History(tmp / "history.jsonl", acks_min=2)
        self.broker = harness.Broker(tmp / "data", settings=[*SETTINGS, *settings], environment=faults.environment())
        self.senders = [Sender("a", "c", self.history), Sender("b", "c", self.history)]
        self.client = None
        self.other_records = 0      # Acknowledged in topic d.
        self.promised = {}          # "c", "d": True (made) or False (deleted); absent: nobody promised anything.
        self.config = {}            # Settings of topic c that were promised.
        self.signals = []           # Ends by a signal that we did not send.
        self.exit_codes = []
        self.refusals = []

    # --- running ---

    def run(self):
        """The whole script, or up to the point where the broker was gone."""
        try:
            for number, step in enumerate([self.start, self.create, self.append, self.roll, self.trim, self.retain,
                                           self.second_topic, self.settings, self.stop, self.start, self.append,
                                           self.kill_and_start, self.append, self.stop]):
                self.faults.set("phase", number)
                step()
        except Ended:
            pass

    def start(self):
        try:
            self.broker.start(timeout=20)
        except AssertionError as error:
            self.note_end()
            raise Ended from error
        self.client = Independent(self.broker.address)

    def note_end(self, timeout=5):
        """Waits for the process to end and notes how."""
        try:
            code = self.broker.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.broker.kill()
            self.signals.append("hung")
            return
        (self.signals if code < 0 else self.exit_codes).append(code)

    def ask(self, service, name, /, **fields):
        """A call; a refusal gives None. Ended: nobody is there any more."""
        try:
            return self.client.call(service, name, timeout=10, wait=False, **fields)
        except grpc.RpcError as error:
            self.refused(error)
            return None

    def refused(self, error):
        reason = reason_of(error)
        if reason in ("UNAVAILABLE", "CANCELLED", "LOG_FAILED", "AMBIGUOUS", "SHUTTING_DOWN"):
            # Dead, dying, or only refusing: the process tells.
            try:
                self.broker.process.wait(1.0 if reason in ("UNAVAILABLE", "LOG_FAILED", "AMBIGUOUS") else 0.2)
            except subprocess.TimeoutExpired:
                pass
        if self.broker.process.poll() is not None:
            self.note_end()
            raise Ended from error
        self.refusals.append(reason)

    def send(self, sender, **options):
        try:
            if sender.pending is None or sender.settle(self.client):
                sender.append(self.client, **options)
        except grpc.RpcError as error:
            self.refused(error)

    def wait_for(self, condition):
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            if condition():
                return True
            if self.broker.process.poll() is not None:
                self.note_end()
                raise Ended
            time.sleep(0.005)
        return False

    # --- the steps ---

    def create(self):
        if self.ask("TopicService", "CreateTopic", name="c", partitions_count=1):
            self.promised["c"] = True

    def append(self):
        for _ in range(3):
            for sender in self.senders:
                self.send(sender)

    def roll(self):
        for _ in range(3):
            for sender in self.senders:
                self.send(sender, count=3, value_bytes=2500)

    def partition(self):
        got = self.ask("ClusterService", "ListPartitions", topic="c")
        return got.partitions[0] if got and got.partitions else None

    def trim(self):
        info = self.partition()
        if info is None or info.high_watermark == 0:
            return
        before = info.high_watermark // 2
        self.history.note("trim", partition="c/0", log_start=before)
        self.ask("TopicService", "TrimPartition", topic="c", partition=0, before_offset=before)

    def retain(self):
        info = self.partition()
        if info is None:
            return
        self.history.note("trim", partition="c/0", log_start=info.high_watermark)

        def gone():
            now = self.partition()
            return now is None or now.log_start_offset > info.log_start_offset

        try:
            if self.alter({"retention.bytes": "16384"}):
                self.wait_for(gone)
            self.alter({"retention.bytes": "-1"})
        finally:
            if self.config.get("retention.bytes") != "-1":
                # It may still be in force: whatever comes later may be deleted as well.
                self.history.note("trim", partition="c/0", log_start=1 << 60)

    def alter(self, settings):
        for key in settings:
            self.config.pop(key, None)  # Until there is an answer it may be either.
        done = self.ask("TopicService", "AlterTopicConfig", name="c", set=settings)
        if done:
            self.config.update(settings)
        return done

    def second_topic(self):
        if not self.ask("TopicService", "CreateTopic", name="d", partitions_count=1):
            return
        self.promised["d"] = True
        if self.ask("LogService", "Append", topic="d", partition=0, records=[{"value": b"d"}]):
            self.other_records = 1
        del self.promised["d"]
        if self.ask("TopicService", "DeleteTopic", name="d"):
            self.promised["d"] = False
            root = self.broker.data_dir / "log"
            self.wait_for(lambda: not any(path.name.endswith("-delete") for path in root.iterdir()))

    def settings(self):
        self.ask("ClusterService", "SetConfig", set={"log.retention.ms": "3600000"})
        self.alter({"segment.bytes": "8192"})
        self.append()

    def stop(self):
        self.client.channel.close()
        self.broker.process.terminate()
        self.note_end(20)
        if self.exit_codes[-1:] != [0]:
            raise Ended

    def kill_and_start(self):
        self.client.channel.close()
        self.broker.kill()
        self.start()

    # --- afterwards ---

    def heal(self):
        """Nothing is broken any more: a broker runs. Errors: AssertionError, when it can't."""
        if self.client:
            self.client.channel.close()
        self.broker.environment = {}
        if self.broker.process.poll() is None:
            self.broker.process.terminate()
            self.note_end(20)
        self.broker.start(timeout=20)
        self.client = Independent(self.broker.address)

    def look(self, report, what, derived_may_be_bad=False):
        """Everything that was promised is there, everybody can go on; then the three readings and the checker."""
        topics = {topic.name for topic in self.client.call("TopicService", "ListTopics").topics}
        for name, made in self.promised.items():
            report.count((name in topics) == made, f"{what}: topic {name} was {'made' if made else 'deleted'}, there are {topics}")
        if self.promised.get("d") and self.other_records and "d" in topics:
            end = self.client.partitions("d")[0].high_watermark
            report.count(end >= self.other_records, f"{what}: topic d has {end} of {self.other_records} records")
        if "c" not in topics:
            self.client.call("TopicService", "CreateTopic", name="c", partitions_count=1)
        else:
            described = self.client.call("TopicService", "DescribeTopic", name="c")
            now = {entry.key: entry.value for entry in described.config}
            for key, value in self.config.items():
                report.count(now[key] == value, f"{what}: {key} of topic c is {now[key]}, promised {value}")
            # Nothing may go while it is read.
            self.client.call("TopicService", "AlterTopicConfig", name="c", set={"retention.bytes": "-1"})
        try:
            for sender in self.senders:
                sender.settle(self.client)
                report.count(sender.append(self.client), f"{what}: an append after healing is refused")
        except grpc.RpcError as error:
            report.count(False, f"{what}: an append after healing: {reason_of(error)}: {error.details()}")
        self.client.channel.close()
        readback.everything(self.broker, ["c"], self.history, report, what, derived_may_be_bad)
        self.history.judge(report, what)
