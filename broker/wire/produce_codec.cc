#include "broker/wire/produce_codec.h"

#include "broker/wire/error_codec.h"
#include "broker/wire/log_codec.h"
#include "broker/wire/proto_cursor.h"
#include "qalam/v1/log.pb.h"

namespace qalam {
namespace {

constexpr std::uint32_t kOpenField = 1;
constexpr std::uint32_t kBatchField = 2;
constexpr std::uint32_t kRestartField = 3;

Result<ProduceMessage> DecodeOpen(BytesView bytes) {
  v1::ProduceRequest::Open open;
  if (!open.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Error(ErrorCode::kInvalidArgument, "open can't be read").With("field", "open");
  }
  return ProduceMessage(
      ProduceOpen{{open.topic(), open.partition()}, FromProto(open.acks()), open.client_id()});
}

Result<ProduceMessage> DecodeBatch(const SharedSlice& message, BytesView bytes) {
  ProduceBatchMessage batch;
  ProtoCursor cursor(bytes);
  while (true) {
    QALAM_ASSIGN_OR_RETURN(const auto field, cursor.Next());
    if (!field) break;
    if (field->number == 1 && !field->is_bytes) batch.batch_id = field->value;
    if (field->number == 2 && !field->is_bytes)
      batch.expected_offset = static_cast<Offset>(field->value);
    if (field->number == 3 && field->is_bytes)
      batch.batch = SharedSlice(message.owner(), field->bytes);
  }
  return ProduceMessage(std::move(batch));
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

Result<ProduceMessage> DecodeProduceRequest(const SharedSlice& message) {
  std::optional<ProtoCursor::Field> kind;
  ProtoCursor cursor(message.view());
  while (true) {
    QALAM_ASSIGN_OR_RETURN(const auto field, cursor.Next());
    if (!field) break;
    if (field->is_bytes && field->number >= kOpenField && field->number <= kRestartField)
      kind = *field;
  }
  if (!kind)
    return Error(ErrorCode::kInvalidArgument, "a message needs one of open, batch, restart")
        .With("field", "kind");
  if (kind->number == kOpenField) return DecodeOpen(kind->bytes);
  if (kind->number == kBatchField) return DecodeBatch(message, kind->bytes);
  return ProduceMessage(ProduceRestart{});
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
  std::vector<SharedSlice> slices;
  if (size > 0) {
    PutVarint(fields, 1u << 3 | 2u);
    PutVarint(fields, size);
  }
  slices.push_back(SharedSlice::Own(std::move(fields)));
  slices.insert(slices.end(), result.batches.begin(), result.batches.end());
  return slices;
}

}  // namespace qalam
