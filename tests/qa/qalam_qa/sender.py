"""An idempotent producer of the independent client: unary Append with producer id and sequence, noted in a history."""
import grpc

from qalam_qa.history import digest_of, value_of
from qalam_qa.independent import reason_of

# Refusals that say: not written, now or later.
DEFINITE = {"NO_SPACE", "OVERLOADED", "SHUTTING_DOWN", "TIMED_OUT", "TOO_MANY_REQUESTS", "UNKNOWN_TOPIC",
            "UNKNOWN_PARTITION", "PRECEDING_FAILED", "BATCH_TOO_LARGE", "INVALID_CONFIG"}


class Batch:
    def __init__(self, records, base):
        self.records = records  # (seq, token, value)
        self.base = base


class Sender:
    """One producer on one partition. What is ambiguous stays in `pending`, to be sent again by settle()."""

    def __init__(self, name, topic, history, partition=0):
        self.name = name
        self.topic = topic
        self.partition = partition
        self.history = history
        self.producer_id = None
        self.epoch = 0
        self.sequence = 0  # Of the next batch, for the broker.
        self.serial = 0    # Of the next record, for the history.
        self.pending = None
        self.acked = 0

    @property
    def where(self):
        return f"{self.topic}/{self.partition}"

    def append(self, client, count=2, value_bytes=120):
        """One new batch. True: acknowledged. Errors of the call: grpc.RpcError when it is ambiguous."""
        if self.producer_id is None:
            got = client.call("LogService", "InitProducer", timeout=10, wait=False)
            self.producer_id, self.epoch = got.producer_id, got.producer_epoch
        records = []
        for _ in range(count):
            token = f"{self.name}-{self.serial}"
            value = value_of(token, value_bytes)
            records.append((self.serial, token, value))
            self.history.note("send", partition=self.where, producer=self.name, seq=self.serial, record=token,
                              digest=digest_of(self.name.encode(), value))
            self.serial += 1
        self.pending = Batch(records, self.sequence)
        return self.settle(client)

    def settle(self, client):
        """Sends what is pending (again). True: acknowledged, False: refused for good."""
        batch = self.pending
        if batch is None:
            return True
        key = self.name.encode()
        try:
            got = client.call("LogService", "Append", timeout=10, wait=False, topic=self.topic, partition=self.partition,
                              records=[{"key": key, "value": value} for _, _, value in batch.records],
                              producer_id=self.producer_id, producer_epoch=self.epoch, base_sequence=batch.base)
        except grpc.RpcError as error:
            reason = reason_of(error)
            if reason not in DEFINITE:
                raise
            self.pending = None
            for _, token, _ in batch.records:
                self.history.note("refuse", partition=self.where, record=token, code=reason)
            return False
        self.pending = None
        self.sequence += len(batch.records)
        durability = {1: "memory", 2: "os", 3: "fsync"}[got.durability]
        for i, (_, token, _) in enumerate(batch.records):
            self.history.note("ack", partition=self.where, record=token, offset=got.base_offset + i,
                              epoch=got.leader_epoch, durability=durability, duplicate=got.duplicate)
        self.acked += len(batch.records)
        return True
