"""Looks at a broker's partitions while others load it: epochs and watermarks for the history."""
import threading

import grpc

from qalam_qa.history import now_ns
from qalam_qa.independent import Independent

TRIES = 5


def note_leads(client, topic, history, broker="b1"):
    """Notes in which epoch each partition is led now. Call it after each start, before anything else can end it."""
    for info in partitions_of(client, topic):
        history.note("lead", partition=f"{topic}/{info.partition}", broker=broker, epoch=info.leader_epoch)


def partitions_of(client, topic):
    """Asks again where the connection turns out to be that to the broker before."""
    for _ in range(TRIES):
        try:
            return client.partitions(topic)
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.UNAVAILABLE:
                raise
    return client.partitions(topic)


class Observer:
    """Samples watermarks of a topic until stop(); rides out restarts of the broker, whose address stays."""

    def __init__(self, address, topic, history, pause=0.05):
        self.client = Independent(address)
        self.topic = topic
        self.history = history
        self.pause = pause
        self.samples = 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.ended.wait(self.pause):
            begin_ns = now_ns()
            try:
                for info in self.client.partitions(self.topic, timeout=5):
                    self.history.note("watermark", partition=f"{self.topic}/{info.partition}", begin_ns=begin_ns,
                                      log_start=info.log_start_offset, high_watermark=info.high_watermark,
                                      durable_end=info.durable_offset)
                    self.samples += 1
            except grpc.RpcError:
                continue

    def stop(self):
        self.ended.set()
        self.thread.join()
        self.client.channel.close()
        return self.samples

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if not self.ended.is_set():
            self.stop()
