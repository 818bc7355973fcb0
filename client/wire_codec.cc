#include "client/wire_codec.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>
#include <grpcpp/support/proto_buffer_reader.h>

#include <array>
#include <limits>
#include <utility>

#include "client/wire_error.h"
#include "qalam/v1/log.pb.h"

namespace qalam::abi0 {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;
using google::protobuf::io::CodedOutputStream;

constexpr std::uint32_t Tag(int field, WireFormatLite::WireType type) {
  return static_cast<std::uint32_t>(field) << 3 | static_cast<std::uint32_t>(type);
}
constexpr auto kVarint = WireFormatLite::WIRETYPE_VARINT;
constexpr auto kLengthDelimited = WireFormatLite::WIRETYPE_LENGTH_DELIMITED;

v1::Acks WireAcks(Acks acks) {
  switch (acks) {
    case Acks::kNone:
      return v1::ACKS_NONE;
    case Acks::kLeader:
      return v1::ACKS_LEADER;
    case Acks::kAll:
      break;
  }
  return v1::ACKS_ALL;
}

Durability FromWire(v1::Durability durability) {
  switch (durability) {
    case v1::DURABILITY_MEMORY:
      return Durability::kMemory;
    case v1::DURABILITY_OS:
      return Durability::kOs;
    case v1::DURABILITY_FSYNC:
      return Durability::kFsync;
    default:
      return Durability::kUnknown;
  }
}

grpc::ByteBuffer ToByteBuffer(const google::protobuf::MessageLite& message) {
  const std::string bytes = message.SerializeAsString();
  const grpc::Slice slice(bytes);
  return grpc::ByteBuffer(&slice, 1);
}

// ProduceRequest{batch = 2: {batch_id = 1, expected_offset = 2, batch = 3}}, before the batch's
// bytes.
std::string EncodeBatchHead(const ProduceMessage& message) {
  std::array<std::uint8_t, 64> inner;
  std::uint8_t* at = inner.data();
  at = CodedOutputStream::WriteTagToArray(Tag(1, kVarint), at);
  at = CodedOutputStream::WriteVarint64ToArray(message.batch_id, at);
  if (message.expected_offset) {
    at = CodedOutputStream::WriteTagToArray(Tag(2, kVarint), at);
    at = CodedOutputStream::WriteVarint64ToArray(
        static_cast<std::uint64_t>(*message.expected_offset), at);
  }
  at = CodedOutputStream::WriteTagToArray(Tag(3, kLengthDelimited), at);
  at = CodedOutputStream::WriteVarint64ToArray(message.batch.size(), at);
  const auto inner_bytes = static_cast<std::size_t>(at - inner.data());

  std::array<std::uint8_t, 96> head;
  at = CodedOutputStream::WriteTagToArray(Tag(2, kLengthDelimited), head.data());
  at = CodedOutputStream::WriteVarint64ToArray(inner_bytes + message.batch.size(), at);
  at = std::copy_n(inner.data(), inner_bytes, at);
  return {reinterpret_cast<const char*>(head.data()), static_cast<std::size_t>(at - head.data())};
}

std::vector<BatchAnswer> AnswersOf(const v1::ProduceResponse& response,
                                   const std::string& address) {
  std::vector<BatchAnswer> answers;
  answers.reserve(static_cast<std::size_t>(response.results_size()));
  for (const v1::ProduceResponse::Result& result : response.results()) {
    BatchAnswer answer;
    answer.batch_id = result.batch_id();
    answer.base_offset = result.base_offset();
    answer.leader_epoch = result.leader_epoch();
    answer.durability = FromWire(result.durability());
    answer.duplicate = result.duplicate();
    answer.append_time_ms = result.append_time_ms() > 0 ? result.append_time_ms() : -1;
    if (result.has_error()) answer.error = ErrorFromWire(result.error(), address);
    answers.push_back(std::move(answer));
  }
  return answers;
}

}  // namespace

std::string EncodeProduceHead(const ProduceMessage& message, const ProduceOpen& open) {
  v1::ProduceRequest request;
  switch (message.kind) {
    case ProduceMessage::Kind::kBatch:
      return EncodeBatchHead(message);
    case ProduceMessage::Kind::kRestart:
      request.mutable_restart();
      break;
    case ProduceMessage::Kind::kOpen:
      request.mutable_open()->set_topic(open.topic);
      request.mutable_open()->set_partition(open.partition);
      request.mutable_open()->set_acks(WireAcks(open.acks));
      request.mutable_open()->set_client_id(open.client_id);
      request.mutable_open()->set_stream_number(open.stream_number);
      break;
  }
  return request.SerializeAsString();
}

grpc::ByteBuffer EncodeProduce(const ProduceMessage& message, const ProduceOpen& open) {
  const std::string head = EncodeProduceHead(message, open);
  if (message.kind != ProduceMessage::Kind::kBatch) {
    const grpc::Slice slice(head);
    return grpc::ByteBuffer(&slice, 1);
  }
  // The batch's bytes are not copied, but kept alive by their buffer.
  auto* keep = new std::shared_ptr<BatchBuffer>(message.buffer);
  const std::array<grpc::Slice, 2> slices = {
      grpc::Slice(head),
      grpc::Slice(
          const_cast<std::byte*>(message.batch.data()), message.batch.size(),
          [](void* kept) { delete static_cast<std::shared_ptr<BatchBuffer>*>(kept); }, keep)};
  return grpc::ByteBuffer(slices.data(), slices.size());
}

std::optional<std::vector<BatchAnswer>> DecodeProduceResponse(grpc::ByteBuffer& message,
                                                              const std::string& address) {
  v1::ProduceResponse response;
  {
    grpc::ProtoBufferReader reader(&message);
    if (!reader.status().ok() || !response.ParseFromZeroCopyStream(&reader)) return std::nullopt;
  }
  return AnswersOf(response, address);
}

std::optional<std::vector<BatchAnswer>> DecodeProduceResponse(BytesView message,
                                                              const std::string& address) {
  v1::ProduceResponse response;
  if (!response.ParseFromArray(message.data(), static_cast<int>(message.size()))) {
    return std::nullopt;
  }
  return AnswersOf(response, address);
}

grpc::ByteBuffer EncodeTail(const TailOpen& open) {
  v1::TailRequest request;
  request.set_topic(open.topic);
  request.set_partition(open.partition);
  request.set_offset(open.offset);
  request.set_max_bytes(open.bytes_max);
  request.set_client_id(open.client_id);
  return ToByteBuffer(request);
}

std::byte* RawBuffer::Resize(std::size_t bytes) {
  if (bytes > capacity_) {
    bytes_ = std::make_unique_for_overwrite<std::byte[]>(bytes);
    capacity_ = bytes;
  }
  size_ = bytes;
  return bytes_.get();
}

std::optional<TailMessage> DecodeTailResponse(grpc::ByteBuffer& message, RawBuffer& batches) {
  TailMessage decoded;
  batches.Resize(0);
  if (message.Length() == 0) return decoded;  // All fields at their defaults.
  grpc::ProtoBufferReader reader(&message);
  if (!reader.status().ok()) return std::nullopt;
  CodedInputStream in(&reader);
  while (const std::uint32_t tag = in.ReadTag()) {
    const int field = WireFormatLite::GetTagFieldNumber(tag);
    const auto type = WireFormatLite::GetTagWireType(tag);
    if (field == 1 && type == kLengthDelimited) {
      std::uint32_t size = 0;
      // What is announced is never more than what was received.
      if (!in.ReadVarint32(&size) || size > message.Length() ||
          size > static_cast<std::uint32_t>(std::numeric_limits<int>::max()) ||
          !in.ReadRaw(batches.Resize(size), static_cast<int>(size))) {
        return std::nullopt;
      }
    } else if (field >= 2 && field <= 5 && type == kVarint) {
      std::uint64_t value = 0;
      if (!in.ReadVarint64(&value)) return std::nullopt;
      const auto number = static_cast<std::int64_t>(value);
      if (field == 2) decoded.next_offset = number;
      if (field == 3) decoded.high_watermark = number;
      if (field == 4) decoded.log_start_offset = number;
      if (field == 5) decoded.leader_epoch = static_cast<std::int32_t>(number);
    } else if (!WireFormatLite::SkipField(&in, tag)) {
      return std::nullopt;
    }
  }
  if (!in.ConsumedEntireMessage()) return std::nullopt;
  return decoded;
}

}  // namespace qalam::abi0
