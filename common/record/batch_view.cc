#include "common/record/batch_view.h"

#include <fmt/format.h>

#include <utility>

#include "common/record/codecs.h"

namespace qalam {

std::optional<HeaderView> HeaderCursor::Next() {
  if (left_ <= 0) return std::nullopt;
  --left_;
  record_internal::RecordFault fault;
  const std::byte* at = rest_.data();
  const std::byte* const end = at + rest_.size();
  std::int32_t key_length = 0;
  std::int32_t value_length = 0;
  const std::byte* key = nullptr;
  const std::byte* value = nullptr;
  at = record_internal::GetBlob(at, end, "headerKeyLength", 0, key_length, key, fault);
  if (at != nullptr) {
    at = record_internal::GetBlob(at, end, "headerValueLength", -1, value_length, value, fault);
  }
  if (at == nullptr) {  // Only if the record did not come from a RecordCursor.
    left_ = 0;
    return std::nullopt;
  }
  rest_ = BytesView(at, end);
  HeaderView header{BytesView(key, static_cast<std::size_t>(key_length)), std::nullopt};
  if (value_length >= 0) header.value = BytesView(value, static_cast<std::size_t>(value_length));
  return header;
}

void RecordCursor::AtEnd() {
  const std::int32_t count = header_.records_count;
  if (!status_.ok()) return;
  if (count < 0) {
    FailWith(fmt::format("recordsCount is {}, less than 0", count));
  } else if (index_ < count) {
    FailWith(fmt::format("recordsCount is {}, but the block ends after {}", count, index_));
  } else if (!rest_.empty()) {
    FailWith(fmt::format("{} bytes follow the last of {} records", rest_.size(), count));
  }
}

void RecordCursor::Fail(const record_internal::RecordFault& fault) {
  FailWith(fmt::format("record {}: {}", index_, fault.ToString()));
}

void RecordCursor::FailOffset(std::int32_t offset_delta) {
  FailWith(fmt::format("record {}: offsetDelta is {}, not in {}..{}", index_, offset_delta,
                       delta_min_, header_.last_offset_delta));
}

void RecordCursor::FailWith(std::string what) {
  status_ = Error(ErrorCode::kInvalidRecord, std::move(what));
  rest_ = {};  // Every later call ends in AtEnd, with the same error.
}

Result<std::optional<RecordView>> RecordCursor::Next() {
  std::optional<RecordView> next;
  Walk([&](const RecordView& record) {
    next = record;
    return false;
  });
  if (!next && !status_.ok()) return status_.error();
  return next;
}

Result<std::optional<BatchSpan>> BatchCursor::Next() {
  constexpr std::size_t kMagicEnd =
      17;  // From here on offset, length, epoch and magic can be read.
  if (rest_.size() < kMagicEnd) return std::optional<BatchSpan>();
  BatchHeaderBytes start{};
  std::copy_n(rest_.begin(), std::min(rest_.size(), start.size()), start.begin());
  const BatchHeader header = BatchHeader::Decode(start);
  if (header.magic != kBatchMagic) {
    return Error(ErrorCode::kCorruptBatch,
                 fmt::format("magic is {}, not {}", header.magic, kBatchMagic));
  }
  if (header.size_bytes() < static_cast<std::int64_t>(kBatchHeaderBytes)) {
    return Error(ErrorCode::kCorruptBatch,
                 fmt::format("batchLength is {}, less than {}", header.batch_length,
                             kBatchHeaderBytes - kBatchLengthPrefixBytes));
  }
  if (header.size_bytes() > static_cast<std::int64_t>(rest_.size())) {
    return std::optional<BatchSpan>();
  }
  const auto size = static_cast<std::size_t>(header.size_bytes());
  BatchSpan span{header, rest_.first(size)};
  rest_ = rest_.subspan(size);
  return std::optional<BatchSpan>(span);
}

Status CheckBatchCrc(BytesView batch) {
  if (batch.size() < kBatchHeaderBytes) {
    return Error(ErrorCode::kCorruptBatch, fmt::format("{} bytes are no batch: the header takes {}",
                                                       batch.size(), kBatchHeaderBytes));
  }
  const std::uint32_t stored = BatchHeader::Decode(batch).crc;
  const std::uint32_t computed =
      BatchCrc(batch.first<kBatchHeaderBytes>(), batch.subspan(kBatchHeaderBytes));
  if (stored != computed) {
    return Error(ErrorCode::kCorruptBatch,
                 fmt::format("crc is {:#010x}, but the bytes give {:#010x}", stored, computed));
  }
  return OkStatus();
}

Result<BytesView> DecompressRecords(const BatchSpan& batch, Bytes& scratch, std::size_t bytes_max) {
  QALAM_ASSIGN_OR_RETURN(const CompressionType type,
                         CompressionFromBits(batch.header.codec_bits()));
  if (type == CompressionType::kNone) return batch.records();
  QALAM_RETURN_IF_ERROR(DecompressInto(type, batch.records(), bytes_max, scratch));
  return BytesView(scratch);
}

}  // namespace qalam
