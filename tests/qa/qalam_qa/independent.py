"""A client that shares nothing with ours: Debian's grpcio, messages made from proto/ by protoc, batches read by
record_batches.py."""
import functools
import pathlib
import subprocess
import tempfile

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from qalam_qa import programs
from qalam_qa.record_batches import records_in

DEADLINE_S = 30


@functools.cache
def pool():
    with tempfile.TemporaryDirectory() as tmp:
        out = pathlib.Path(tmp) / "set"
        protos = [str(p) for p in sorted((programs.SOURCE / "proto" / "qalam" / "v1").glob("*.proto"))]
        subprocess.run(["protoc", f"-I{programs.SOURCE / 'proto'}", "--include_imports", f"--descriptor_set_out={out}",
                        *protos], check=True)
        files = descriptor_pb2.FileDescriptorSet.FromString(out.read_bytes())
    made = descriptor_pool.DescriptorPool()
    for file in files.file:
        made.Add(file)
    return made


@functools.cache
def message(name):
    descriptor = pool().FindMessageTypeByName(f"qalam.v1.{name}")
    if hasattr(message_factory, "GetMessageClass"):
        return message_factory.GetMessageClass(descriptor)
    return message_factory.MessageFactory(pool()).GetPrototype(descriptor)


def reason_of(error):
    """The stable word of a refusal: ErrorInfo.reason; else gRPC's own."""
    for key, value in error.trailing_metadata() or ():
        if key != "grpc-status-details-bin":
            continue
        for detail in message("RpcStatus").FromString(value).details:
            if detail.type_url.endswith("ErrorInfo"):
                return message("ErrorInfo").FromString(detail.value).reason
    return error.code().name


class Independent:
    """The services of one broker, by name: client.call("TopicService", "CreateTopic", name="x")."""

    def __init__(self, address):
        self.channel = grpc.insecure_channel(address, options=[
            ("grpc.use_local_subchannel_pool", 1), ("grpc.max_receive_message_length", 64 << 20),
            ("grpc.initial_reconnect_backoff_ms", 50), ("grpc.min_reconnect_backoff_ms", 50),
            ("grpc.max_reconnect_backoff_ms", 100)])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.channel.close()

    def method(self, service, name):
        found = pool().FindServiceByName(f"qalam.v1.{service}").FindMethodByName(name)
        request = message(found.input_type.name)
        response = message(found.output_type.name)
        streams = {"Tail": self.channel.unary_stream, "Produce": self.channel.stream_stream}
        make = streams.get(name, self.channel.unary_unary)
        return request, make(f"/qalam.v1.{service}/{name}", request_serializer=request.SerializeToString,
                             response_deserializer=response.FromString)

    def call(self, service, name, /, timeout=DEADLINE_S, wait=True, **fields):
        """One unary call. Errors: grpc.RpcError."""
        request, method = self.method(service, name)
        return method(request(**fields), timeout=timeout, wait_for_ready=wait)

    def partitions(self, topic, **options):
        return self.call("ClusterService", "ListPartitions", topic=topic, page_size=10_000, **options).partitions

    def read(self, topic, partition, start, end):
        """Every record of [start, end) by Fetch: (offset, key, value, epoch, timestamp)."""
        at = start
        while at < end:
            got = self.call("LogService", "Fetch", topic=topic, partition=partition, offset=at, max_bytes=4 << 20)
            if got.next_offset <= at:
                raise AssertionError(f"Fetch of {topic}-{partition} at {at} makes no progress below {end}")
            for record in records_in(got.batches):
                if at <= record[0] < end:
                    yield record
            at = got.next_offset
