#include <optional>

#include "common/check.h"
#include "common/record/batch_validator.h"
#include "common/record/batch_view.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/repair.h"

namespace qalam::fuzz {
namespace {

constexpr TimestampMs kReceivedAt = 1'700'000'000'000;
constexpr std::size_t kBatchUnpackedMax = std::size_t{256} << 10;

// Reads all of `bytes` as a consumer would; what it says does not matter, only that it ends.
std::size_t CountRecords(BytesView bytes) {
  std::size_t count = 0;
  BatchCursor batches(bytes);
  Bytes scratch;
  while (true) {
    const auto batch = batches.Next();
    if (!batch.ok() || !*batch) return count;
    (void)CheckBatchCrc((*batch)->bytes);
    const auto block = DecompressRecords(**batch, scratch, kBatchUnpackedMax);
    if (!block.ok()) continue;
    RecordCursor records((*batch)->header, *block);
    records.Walk([&](const RecordView& record) {
      ++count;
      HeaderCursor headers(record);
      std::int32_t headers_count = 0;
      while (headers.Next()) ++headers_count;
      QALAM_CHECK(headers_count == record.headers_count);
      return true;
    });
  }
}

BatchLimits LimitsOf(std::uint8_t flags) {
  BatchLimits limits;
  limits.batch_bytes_max = std::size_t{64} << 10;
  limits.decompressed_bytes_max = kBatchUnpackedMax;
  if ((flags & 1) != 0) limits.timestamp_type = TimestampType::kLogAppendTime;
  if ((flags & 2) != 0) limits.timestamp_before_max_ms = 1000;
  limits.key_required = (flags & 4) != 0;
  return limits;
}

// flags u8 | one batch as a client sends it
void RunBatch(BytesView input) {
  FuzzInput in(input);
  const BatchLimits limits = LimitsOf(in.Byte());
  const BytesView batch = in.Rest();
  const std::size_t readable = CountRecords(batch);
  const auto validated = ValidateBatch(batch, limits, kReceivedAt);
  if (!validated.ok()) return;

  // What was let in is what every reader can read, at whatever place it gets.
  BatchHeader header = validated->header;
  QALAM_CHECK(header.records_count == header.last_offset_delta + 1);
  QALAM_CHECK(readable == static_cast<std::size_t>(header.records_count));
  header.base_offset = 1'000'000;
  header.leader_epoch = 7;
  Bytes stored(batch.begin(), batch.end());
  header.Encode(std::span(stored).first<kBatchHeaderBytes>());
  QALAM_CHECK(CheckBatchCrc(stored).ok());
  QALAM_CHECK(CountRecords(stored) == readable);
  // And once stamped, it stays as it is.
  if (limits.timestamp_type == TimestampType::kLogAppendTime) return;
  header.base_offset = 0;
  header.Encode(std::span(stored).first<kBatchHeaderBytes>());
  const auto again = ValidateBatch(stored, limits, kReceivedAt);
  QALAM_CHECK(again.ok() && again->header == header);
}

void RepairBatchInput(std::span<std::byte> input, std::uint64_t /*random*/) {
  if (input.size() > 1) RepairBatch(input.subspan(1));
}

}  // namespace

const FuzzTarget kBatchTarget = {"batch", RunBatch, RepairBatchInput};

}  // namespace qalam::fuzz
