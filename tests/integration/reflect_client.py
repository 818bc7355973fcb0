#!/usr/bin/env python3
"""A client that knows nothing of Qalam beforehand: grpcio, and stubs made from the reflection service alone.

usage: reflect_client.py --target HOST:PORT [--topic NAME]

Creates a topic, writes with Append and with Produce, reads it back with Fetch and with Tail, provokes errors
and reads their details; checks every answer. Prints a line for each step. Exit code 0: all held; 1: not.
Needs Debian's python3-grpcio and python3-protobuf.
"""
import argparse
import os
import struct
import sys
import threading

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

DEADLINE_S = 20
REFLECTION = "grpc.reflection.v1alpha"


def message_class(pool, descriptor):
    if hasattr(message_factory, "GetMessageClass"):
        return message_factory.GetMessageClass(descriptor)
    return message_factory.MessageFactory(pool).GetPrototype(descriptor)


def check(condition, what):
    if not condition:
        raise AssertionError(what)
    print(f"ok  {what}", flush=True)


# --- Stubs from reflection -------------------------------------------------------------------------

def reflection_messages():
    """Request and response of the reflection service: the only messages written down here."""
    file = descriptor_pb2.FileDescriptorProto(
        name="reflection.proto", package=REFLECTION, syntax="proto3")
    kinds = descriptor_pb2.FieldDescriptorProto

    def add(name, *fields):
        message = file.message_type.add(name=name)
        for number, field, kind, repeated in fields:
            one = message.field.add(name=field, number=number)
            one.label = kinds.LABEL_REPEATED if repeated else kinds.LABEL_OPTIONAL
            if isinstance(kind, str):
                one.type = kinds.TYPE_MESSAGE
                one.type_name = f".{REFLECTION}.{kind}"
            else:
                one.type = kind

    text, data, number = kinds.TYPE_STRING, kinds.TYPE_BYTES, kinds.TYPE_INT32
    add("ServerReflectionRequest", (1, "host", text, False), (4, "file_containing_symbol", text, False),
        (7, "list_services", text, False))
    add("FileDescriptorResponse", (1, "file_descriptor_proto", data, True))
    add("ServiceResponse", (1, "name", text, False))
    add("ListServiceResponse", (1, "service", "ServiceResponse", True))
    add("ErrorResponse", (1, "error_code", number, False), (2, "error_message", text, False))
    add("ServerReflectionResponse", (4, "file_descriptor_response", "FileDescriptorResponse", False),
        (6, "list_services_response", "ListServiceResponse", False),
        (7, "error_response", "ErrorResponse", False))
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return [message_class(pool, pool.FindMessageTypeByName(f"{REFLECTION}.{name}"))
            for name in ("ServerReflectionRequest", "ServerReflectionResponse")]


class Reflected:
    """The services of a server as it describes them itself: reflected.LogService.Append(...)."""

    def __init__(self, channel):
        self.channel = channel
        self.request, self.response = reflection_messages()
        self.pool = descriptor_pool.DescriptorPool()
        listed = self.ask(list_services="*").list_services_response
        self.names = sorted(service.name for service in listed.service)
        files = {}
        for name in self.names:
            if not name.startswith("qalam."):
                continue
            for data in self.ask(file_containing_symbol=name).file_descriptor_response.file_descriptor_proto:
                file = descriptor_pb2.FileDescriptorProto.FromString(data)
                files[file.name] = file
        added = set()

        def add(file):
            if file.name in added:
                return
            added.add(file.name)
            for name in file.dependency:
                add(files[name])
            self.pool.Add(file)

        for file in files.values():
            add(file)
        for name in self.names:
            if name.startswith("qalam."):
                setattr(self, name.split(".")[-1], Stub(self, self.pool.FindServiceByName(name)))

    def ask(self, **question):
        call = self.channel.stream_stream(
            f"/{REFLECTION}.ServerReflection/ServerReflectionInfo",
            request_serializer=self.request.SerializeToString,
            response_deserializer=self.response.FromString)
        answers = list(call(iter([self.request(**question)]), timeout=DEADLINE_S))
        if len(answers) != 1 or answers[0].error_response.error_message:
            raise AssertionError(f"reflection does not answer {question}: {answers}")
        return answers[0]

    def message(self, name):
        return message_class(self.pool, self.pool.FindMessageTypeByName(name))


class Stub:
    def __init__(self, reflected, service):
        file = descriptor_pb2.FileDescriptorProto()
        service.file.CopyToProto(file)
        streaming = {method.name: (method.client_streaming, method.server_streaming)
                     for one in file.service if one.name == service.name for method in one.method}
        for method in service.methods:
            kind = {(False, False): "unary_unary", (False, True): "unary_stream",
                    (True, False): "stream_unary", (True, True): "stream_stream"}[streaming[method.name]]
            request = message_class(reflected.pool, method.input_type)
            response = message_class(reflected.pool, method.output_type)
            call = getattr(reflected.channel, kind)(
                f"/{service.full_name}/{method.name}", request_serializer=request.SerializeToString,
                response_deserializer=response.FromString)
            setattr(self, method.name, self.bind(call, request, client_streams=kind.startswith("stream")))

    @staticmethod
    def bind(call, request, client_streams):
        def invoke(requests=None, **fields):
            if client_streams:
                return call((request(**one) for one in requests), timeout=DEADLINE_S)
            return call(request(**fields), timeout=DEADLINE_S)
        return invoke


# --- Record batches (docs/formats/record-batch.md), uncompressed -------------------------------------

CRC_TABLE = []
for value in range(256):
    for _ in range(8):
        value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)
    CRC_TABLE.append(value)


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = CRC_TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


class Cursor:
    def __init__(self, data):
        self.data, self.at = data, 0

    def varint(self):
        shift = value = 0
        while True:
            byte = self.data[self.at]
            self.at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return (value >> 1) ^ -(value & 1)
            shift += 7

    def bytes(self):
        size = self.varint()
        if size < 0:
            return None
        self.at += size
        return self.data[self.at - size:self.at]


def records_of(data):
    """[(offset, key, value, [(header, value)])] of whole batches, one after another."""
    records, at = [], 0
    while at < len(data):
        base, length, _epoch, magic, crc = struct.unpack_from(">qiibI", data, at)
        body = data[at + 21:at + 12 + length]
        if magic != 2 or crc != crc32c(body):
            raise AssertionError(f"batch at offset {base}: magic {magic}, or a wrong checksum")
        attributes, _last, _first, _max, _pid, _pepoch, _seq, count = struct.unpack_from(">hiqqqhii", body)
        if attributes & 7:
            raise AssertionError("a compressed batch")
        cursor = Cursor(body[40:])
        for _ in range(count):
            cursor.varint()  # Length.
            cursor.at += 1   # Attributes.
            cursor.varint()  # Timestamp.
            offset = base + cursor.varint()
            key, value = cursor.bytes(), cursor.bytes()
            headers = [(cursor.bytes().decode(), cursor.bytes()) for _ in range(cursor.varint())]
            records.append((offset, key, value, headers))
        at += 12 + length
    return records


# --- What is shown -----------------------------------------------------------------------------------

def error_of(reflected, call):
    """(canonical code, ErrorInfo) of a call that must fail."""
    try:
        result = call()
        if not hasattr(result, "SerializeToString"):
            list(result)
    except grpc.RpcError as error:
        trailers = {key: value for key, value in error.trailing_metadata() or ()}
        status = reflected.message("qalam.v1.RpcStatus").FromString(trailers["grpc-status-details-bin"])
        for detail in status.details:
            if detail.type_url == "type.googleapis.com/google.rpc.ErrorInfo":
                return error.code(), reflected.message("qalam.v1.ErrorInfo").FromString(detail.value)
        raise AssertionError("no ErrorInfo in the details") from error
    raise AssertionError("the call should have failed")


def run(target, topic):
    with grpc.insecure_channel(target) as channel:
        reflected = Reflected(channel)
        for service in ("LogService", "TopicService", "ClusterService"):
            check(hasattr(reflected, service), f"reflection describes qalam.v1.{service}")
        log, topics, cluster = reflected.LogService, reflected.TopicService, reflected.ClusterService

        created = topics.CreateTopic(name=topic, partitions_count=2).topic
        check((created.name, created.partitions_count) == (topic, 2), f"CreateTopic {topic}")
        code, info = error_of(reflected, lambda: topics.CreateTopic(name=topic))
        check(code == grpc.StatusCode.ALREADY_EXISTS and info.reason == "TOPIC_EXISTS", "created twice: TOPIC_EXISTS")
        check(topic in [one.name for one in topics.ListTopics().topics], "ListTopics has it")

        plain = [{"key": b"k1", "value": b"v1", "headers": [{"key": "h", "value": b"x"}]},
                 {"value": b"no key"}, {"key": b"tombstone"}]
        answer = log.Append(topic=topic, partition=0, records=plain, client_id="reflect")
        check((answer.base_offset, answer.last_offset) == (0, 2), "Append of three records: offsets 0 to 2")
        check(answer.durability == 3, "they are synced")

        code, info = error_of(reflected, lambda: log.Append(
            topic=topic, partition=0, records=plain, expected_offset=7))
        check(code == grpc.StatusCode.FAILED_PRECONDITION and info.reason == "UNEXPECTED_OFFSET"
              and "3" in info.metadata.values(), "Append at offset 7: UNEXPECTED_OFFSET, the log ends at 3")

        producer = log.InitProducer(client_id="reflect")
        once = {"topic": topic, "partition": 0, "records": [{"value": b"once"}], "base_sequence": 0,
                "producer_id": producer.producer_id, "producer_epoch": producer.producer_epoch}
        first, again = log.Append(**once), log.Append(**once)
        check(first.base_offset == again.base_offset == 3 and again.duplicate and not first.duplicate,
              "the same sequence again is the same record")

        fetched = log.Fetch(topic=topic, partition=0, offset=0)
        expected = [(0, b"k1", b"v1", [("h", b"x")]), (1, None, b"no key", []), (2, b"tombstone", None, []),
                    (3, None, b"once", [])]
        check(records_of(fetched.batches) == expected and fetched.next_offset == 4, "Fetch gives them all back")

        # A stored batch is what Produce takes: send the first one once more, conditionally.
        size = 12 + struct.unpack_from(">i", fetched.batches, 8)[0]
        batch = fetched.batches[:size]
        results = [result for response in log.Produce(requests=[
            {"open": {"topic": topic, "partition": 0, "client_id": "reflect"}},
            {"batch": {"batch_id": 77, "batch": batch, "expected_offset": 4}},
            {"batch": {"batch_id": 78, "batch": batch, "expected_offset": 99}}]) for result in response.results]
        check([result.batch_id for result in results] == [77, 78] and results[0].base_offset == 4,
              "Produce writes a batch at offset 4")
        check(results[1].error.reason == "UNEXPECTED_OFFSET", "and refuses one meant for offset 99")
        expected += [(4 + offset, *rest) for offset, *rest in expected[:3]]

        tail = log.Tail(topic=topic, partition=0, offset=0)
        seen, late = [], None
        for response in tail:
            seen += records_of(response.batches)
            if len(seen) == len(expected) and late is None:
                late = threading.Thread(target=log.Append, kwargs={
                    "topic": topic, "partition": 0, "records": [{"key": b"late", "value": b"news"}]})
                late.start()
            if len(seen) > len(expected):
                break
        late.join()
        tail.cancel()
        check(seen == expected + [(7, b"late", b"news", [])], "Tail gives what was there, and what came later")

        ends = log.ListOffsets(topic=topic, queries=[{"partition": 0, "earliest": True},
                                                     {"partition": 0, "latest": True}]).results
        check([end.offset for end in ends] == [0, 8], "ListOffsets: 0 to 8")
        code, info = error_of(reflected, lambda: log.Fetch(topic=topic, partition=0, offset=1000))
        check(code == grpc.StatusCode.OUT_OF_RANGE and info.reason == "OFFSET_OUT_OF_RANGE",
              "Fetch at 1000: OFFSET_OUT_OF_RANGE")
        code, info = error_of(reflected, lambda: log.Tail(topic=topic + ".none", partition=0))
        check(code == grpc.StatusCode.NOT_FOUND and info.reason == "UNKNOWN_TOPIC" and info.domain == "qalam",
              "Tail of no topic: UNKNOWN_TOPIC")

        partitions = cluster.ListPartitions(topic=topic).partitions
        check([one.log_end_offset for one in partitions] == [8, 0], "ListPartitions shows both ends")
        topics.DeleteTopic(name=topic)
        code, info = error_of(reflected, lambda: topics.DescribeTopic(name=topic))
        check(info.reason == "UNKNOWN_TOPIC", "DeleteTopic: it is gone")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", required=True, metavar="HOST:PORT")
    parser.add_argument("--topic", default=f"reflect-{os.getpid()}", metavar="NAME")
    arguments = parser.parse_args()
    try:
        run(arguments.target, arguments.topic)
    except (AssertionError, grpc.RpcError, KeyError) as error:
        print(f"failed: {error}", file=sys.stderr)
        return 1
    print("all held: create, Append, Produce, Fetch, Tail, by reflection alone")
    return 0


if __name__ == "__main__":
    sys.exit(main())
