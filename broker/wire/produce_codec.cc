#include "broker/wire/produce_codec.h"

#include <utility>

#include "broker/wire/error_codec.h"
#include "broker/wire/log_codec.h"
#include "broker/wire/proto_cursor.h"
#include "qalam/v1/log.pb.h"

namespace qalam {
namespace {

constexpr std::uint32_t kOpenField = 1;
constexpr std::uint32_t kBatchField = 2;
constexpr std::uint32_t kRestartField = 3;

// A small batch is copied, so that it does not keep a whole receive buffer alive.
constexpr std::size_t kBorrowBytesMin = 4096;
// What is sent is borrowed from this size on: below, a copy costs less than a reference.
constexpr std::size_t kSendBorrowBytesMin = 1024;

Error Unreadable(const char* field) {
  return Error(ErrorCode::kInvalidArgument, std::string(field) + " can't be read")
      .With("field", field);
}

SharedSlice ExtractBatch(SliceSpan message, ByteRange range) {
  SharedSlice bytes = Extract(message, range);
  return range.size() < kBorrowBytesMin ? SharedSlice::Copy(bytes.view()) : bytes;
}

Status MergeBatch(SliceSpan message, ByteRange range, ProduceBatchMessage& batch) {
  ProtoCursor cursor(message, range);
  while (true) {
    const auto field = cursor.Next();
    if (!field.ok()) return Unreadable("batch");
    if (!*field) return OkStatus();
    const ProtoCursor::Field& found = **field;
    if (found.number == 1 && found.is_varint) batch.batch_id = found.value;
    if (found.number == 2 && found.is_varint)
      batch.expected_offset = static_cast<Offset>(found.value);
    if (found.number == 3 && found.is_bytes) batch.batch = ExtractBatch(message, found.bytes);
  }
}

void PutVarint(Bytes& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<std::byte>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<std::byte>(value));
}

void PutField(Bytes& out, std::uint32_t number, std::int64_t value) {
  if (value == 0) return;
  PutVarint(out, std::uint64_t{number} << 3);
  PutVarint(out, static_cast<std::uint64_t>(value));
}

}  // namespace

Result<ProduceMessage> DecodeProduceRequest(SliceSpan message) {
  std::uint32_t kind = 0;
  v1::ProduceRequest::Open open;
  ProduceBatchMessage batch;
  ProtoCursor cursor(message);
  while (true) {
    QALAM_ASSIGN_OR_RETURN(const auto field, cursor.Next());
    if (!field) break;
    if (!field->is_bytes || field->number < kOpenField || field->number > kRestartField) continue;
    // The same member of a oneof again is merged, another one replaces it.
    const bool again = kind == field->number;
    kind = field->number;
    if (kind == kOpenField) {
      if (!again) open.Clear();
      const SharedSlice bytes = Extract(message, field->bytes);
      if (!open.MergeFromString(std::string(AsText(bytes.view())))) return Unreadable("open");
    } else if (kind == kBatchField) {
      if (!again) batch = {};
      QALAM_RETURN_IF_ERROR(MergeBatch(message, field->bytes, batch));
    }
  }
  switch (kind) {
    case kOpenField: {
      QALAM_ASSIGN_OR_RETURN(const Acks acks, FromProto(open.acks()));
      return ProduceMessage(ProduceOpen{
          {open.topic(), open.partition()}, acks, open.client_id(), open.stream_number()});
    }
    case kBatchField:
      return ProduceMessage(std::move(batch));
    case kRestartField:
      return ProduceMessage(ProduceRestart{});
    default:
      return Error(ErrorCode::kInvalidArgument, "a message needs one of open, batch, restart")
          .With("field", "kind");
  }
}

Bytes EncodeProduceResponse(const std::vector<ProduceAnswer>& answers) {
  v1::ProduceResponse response;
  for (const ProduceAnswer& answer : answers) {
    v1::ProduceResponse::Result& result = *response.add_results();
    result.set_batch_id(answer.batch_id);
    if (!answer.result.ok()) {
      result.set_base_offset(kNoOffset);
      result.set_append_time_ms(kNoTimestamp);
      ToProto(answer.result.error(), *result.mutable_error());
      continue;
    }
    const AppendResult& done = *answer.result;
    result.set_base_offset(done.base_offset);
    result.set_leader_epoch(done.leader_epoch);
    result.set_durability(ToProto(done.durability));
    result.set_duplicate(done.duplicate);
    result.set_append_time_ms(done.append_time);
  }
  Bytes bytes(response.ByteSizeLong());
  response.SerializeWithCachedSizesToArray(reinterpret_cast<std::uint8_t*>(bytes.data()));
  return bytes;
}

std::vector<SharedSlice> EncodeFetchResult(const FetchResult& result) {
  Bytes fields;
  PutField(fields, 2, result.next_offset);
  PutField(fields, 3, result.high_watermark);
  PutField(fields, 4, result.log_start_offset);
  PutField(fields, 5, result.leader_epoch);
  std::size_t size = 0;
  for (const SharedSlice& batch : result.batches) size += batch.size();
  if (size > 0) {
    PutVarint(fields, 1u << 3 | 2u);
    PutVarint(fields, size);
  }
  std::vector<SharedSlice> slices;
  for (const SharedSlice& batch : result.batches) {
    const BytesView bytes = batch.view();
    if (bytes.size() < kSendBorrowBytesMin) {
      fields.insert(fields.end(), bytes.begin(), bytes.end());
      continue;
    }
    if (!fields.empty()) slices.push_back(SharedSlice::Own(std::exchange(fields, {})));
    slices.push_back(batch);
  }
  if (!fields.empty()) slices.push_back(SharedSlice::Own(std::move(fields)));
  return slices;
}

}  // namespace qalam
