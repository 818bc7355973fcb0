#include "common/record/batch_validator.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "common/record/batch_view.h"
#include "common/record/record_parser.h"

namespace qalam {
namespace {

// A batch may unpack to this in any case, and to so many times its size beyond.
constexpr std::size_t kUnpackedBytesAlways = std::size_t{16} << 20;
constexpr std::size_t kUnpackedTimesMax = 100;
constexpr std::size_t kScratchBytesKeepMax = std::size_t{1} << 20;

Error Corrupt(std::string message) { return {ErrorCode::kCorruptBatch, std::move(message)}; }
Error Invalid(std::string message) { return {ErrorCode::kInvalidRecord, std::move(message)}; }
Error BadRecord(ErrorCode code, std::int32_t index, const std::string& what) {
  return Error(code, fmt::format("record {}: {}", index, what)).With("record_index", index);
}

// Bytes behind the first batch: a second batch is a request we refuse, anything else is damage.
Error BytesBehind(BytesView rest, const BatchHeader& first) {
  BatchCursor cursor(rest);
  const auto second = cursor.Next();
  if (second.ok() && second.value()) {
    return Invalid(fmt::format("more than one batch: {} bytes follow the first one of {} bytes",
                               rest.size(), first.size_bytes()));
  }
  return Corrupt(fmt::format("batchLength is {}, but {} bytes follow the batch", first.batch_length,
                             rest.size()));
}

// Sizes and magic: is this one whole batch at all?
Result<BatchHeader> CheckFrame(BytesView batch, const BatchLimits& limits) {
  if (batch.empty()) return Invalid("no batch: 0 bytes");
  if (batch.size() > kBatchMagicAt) {
    const auto magic = std::to_integer<std::int8_t>(batch[kBatchMagicAt]);
    if (magic != kBatchMagic)
      return Invalid(fmt::format("magic is {}, not {}", magic, kBatchMagic));
  }
  if (batch.size() < kBatchHeaderBytes) {
    return Corrupt(
        fmt::format("{} bytes are no batch: the header takes {}", batch.size(), kBatchHeaderBytes));
  }
  const BatchHeader header = BatchHeader::Decode(batch);
  if (header.size_bytes() < static_cast<std::int64_t>(kBatchHeaderBytes)) {
    return Corrupt(fmt::format("batchLength is {}, less than {}", header.batch_length,
                               kBatchHeaderBytes - kBatchLengthPrefixBytes));
  }
  const auto size = static_cast<std::uint64_t>(header.size_bytes());
  if (size > batch.size()) {
    return Corrupt(fmt::format("batchLength is {}, but only {} bytes follow the field",
                               header.batch_length, batch.size() - kBatchLengthPrefixBytes));
  }
  if (size < batch.size()) return BytesBehind(batch.subspan(size), header);
  if (size > limits.batch_bytes_max) {
    return Error(ErrorCode::kBatchTooLarge,
                 fmt::format("the batch has {} bytes; at most {} are allowed", size,
                             limits.batch_bytes_max));
  }
  return header;
}

// What a client may say in a header whose CRC is right.
Status CheckHeader(const BatchHeader& header) {
  if (header.base_offset != 0) {
    return Invalid(fmt::format("baseOffset is {}, not 0", header.base_offset));
  }
  if (header.records_count <= 0) {
    return Invalid(fmt::format("recordsCount is {}, less than 1", header.records_count));
  }
  if (header.last_offset_delta != header.records_count - 1) {
    return Invalid(fmt::format("lastOffsetDelta is {}, but recordsCount is {}",
                               header.last_offset_delta, header.records_count));
  }
  if (header.control()) {
    return Invalid(
        fmt::format("attributes {:#06x} mark a control batch: only the broker writes those",
                    header.attributes));
  }
  if ((header.attributes & BatchHeader::kDeleteHorizonBit) != 0) {
    return Invalid(fmt::format(
        "attributes {:#06x} set the delete horizon: only the broker does that", header.attributes));
  }
  if (header.producer_id < kNoProducerId) {
    return Invalid(fmt::format("producerId is {}, less than -1", header.producer_id));
  }
  if (header.has_producer() && header.producer_epoch < 0) {
    return Invalid(fmt::format("producerEpoch is {} with producerId {}", header.producer_epoch,
                               header.producer_id));
  }
  if (header.has_producer() && header.base_sequence < 0) {
    return Invalid(fmt::format("baseSequence is {} with producerId {}", header.base_sequence,
                               header.producer_id));
  }
  if (header.transactional() && !header.has_producer()) {
    return Invalid(
        fmt::format("a transactional batch needs a producerId, it has {}", header.producer_id));
  }
  if (header.log_append_time()) {
    return Error(ErrorCode::kInvalidTimestamp,
                 fmt::format("attributes {:#06x} say LogAppendTime: only the broker sets that",
                             header.attributes));
  }
  return OkStatus();
}

// Which record timestamps are allowed, -1 (none) apart.
struct TimestampRange {
  TimestampMs least;
  TimestampMs most;
};

TimestampRange AllowedTimestamps(const BatchLimits& limits, TimestampMs now) {
  constexpr TimestampMs kLowest = std::numeric_limits<TimestampMs>::min();
  constexpr TimestampMs kHighest = std::numeric_limits<TimestampMs>::max();
  // Under LogAppendTime nobody will ever see the records' own timestamps.
  if (limits.timestamp_type == TimestampType::kLogAppendTime) return {kLowest, kHighest};
  TimestampRange range{};
  if (__builtin_sub_overflow(now, limits.timestamp_before_max_ms, &range.least)) {
    range.least = kLowest;
  }
  if (__builtin_add_overflow(now, limits.timestamp_after_max_ms, &range.most)) {
    range.most = kHighest;
  }
  range.least = std::max(range.least, TimestampMs{0});  // Milliseconds since 1970.
  return range;
}

[[gnu::cold, gnu::noinline]] Error BadTimestamp(std::int32_t index, TimestampMs timestamp,
                                                const TimestampRange& range) {
  return BadRecord(ErrorCode::kInvalidTimestamp, index,
                   fmt::format("timestamp {} is not in {}..{} (message.timestamp.before.max.ms and "
                               "after.max.ms around now), nor -1",
                               timestamp, range.least, range.most));
}

// The one walk over all records. Returns the largest timestamp.
Result<TimestampMs> WalkRecords(const BatchHeader& header, BytesView block,
                                const BatchLimits& limits, TimestampMs now) {
  const TimestampRange range = AllowedTimestamps(limits, now);
  const bool check_timestamps = limits.timestamp_type == TimestampType::kCreateTime;
  const std::int32_t key_length_min = limits.key_required ? 0 : -1;
  const std::int32_t count = header.records_count;
  const std::byte* at = block.data();
  const std::byte* const end = at + block.size();
  record_internal::RecordFields fields;
  record_internal::RecordFault fault;
  TimestampMs timestamp_max = kNoTimestamp;
  for (std::int32_t i = 0; i < count; ++i) {
    if (at == end) [[unlikely]] {
      return Invalid(fmt::format("recordsCount is {}, but the block ends after {}", count, i));
    }
    at = record_internal::ParseRecord(at, end, fields, fault);
    if (at == nullptr) [[unlikely]] {
      return BadRecord(ErrorCode::kInvalidRecord, i, fault.ToString());
    }
    if (fields.offset_delta != i) [[unlikely]] {
      return BadRecord(ErrorCode::kInvalidRecord, i,
                       fmt::format("offsetDelta is {}, not {}", fields.offset_delta, i));
    }
    if (fields.key_length < key_length_min) [[unlikely]] {
      return BadRecord(ErrorCode::kInvalidRecord, i, "no key, but the topic is compacted");
    }
    if (check_timestamps) {
      TimestampMs timestamp = 0;
      if (__builtin_add_overflow(header.base_timestamp, fields.timestamp_delta, &timestamp))
          [[unlikely]] {
        return BadRecord(ErrorCode::kInvalidTimestamp, i,
                         fmt::format("baseTimestamp {} and timestampDelta {} overflow",
                                     header.base_timestamp, fields.timestamp_delta));
      }
      if ((timestamp < range.least || timestamp > range.most) && timestamp != kNoTimestamp)
          [[unlikely]] {
        return BadTimestamp(i, timestamp, range);
      }
      timestamp_max = std::max(timestamp_max, timestamp);
    }
  }
  if (at != end) {
    return Invalid(
        fmt::format("recordsCount is {}, but {} bytes follow the last record", count, end - at));
  }
  return timestamp_max;
}

// Of the first record, which is known to be good. Most have no headers.
std::optional<TraceParent> TraceOf(const BatchHeader& header, BytesView block) {
  RecordCursor cursor(header, block);
  std::optional<TraceParent> trace;
  cursor.Walk([&trace](const RecordView& record) {
    HeaderCursor headers(record);
    while (const auto each = headers.Next()) {
      if (AsText(each->key) != TraceParent::kName || !each->value) continue;
      trace = TraceParent::Parse(AsText(*each->value));
      break;
    }
    return false;
  });
  return trace;
}

struct Walked {
  TimestampMs timestamp_max = kNoTimestamp;
  std::optional<TraceParent> trace;
};

// Unpacks into memory that the thread keeps, if it is little.
Result<Walked> UnpackAndWalk(const BatchSpan& batch, const BatchLimits& limits, TimestampMs now) {
  thread_local Bytes kept;
  Bytes scratch = std::move(kept);
  const std::size_t bytes_max =
      std::min(limits.decompressed_bytes_max,
               std::max(kUnpackedBytesAlways, batch.bytes.size() * kUnpackedTimesMax));
  QALAM_ASSIGN_OR_RETURN(const BytesView block, DecompressRecords(batch, scratch, bytes_max));
  const Result<TimestampMs> timestamp_max = WalkRecords(batch.header, block, limits, now);
  Walked walked;
  if (timestamp_max.ok()) walked = {*timestamp_max, TraceOf(batch.header, block)};
  if (scratch.capacity() <= kScratchBytesKeepMax) kept = std::move(scratch);
  if (!timestamp_max.ok()) return timestamp_max.error();
  return walked;
}

}  // namespace

Result<ValidatedBatch> ValidateBatch(BytesView batch, const BatchLimits& limits, TimestampMs now) {
  QALAM_ASSIGN_OR_RETURN(BatchHeader header, CheckFrame(batch, limits));
  QALAM_RETURN_IF_ERROR(CheckBatchCrc(batch));
  QALAM_RETURN_IF_ERROR(CheckHeader(header));

  QALAM_ASSIGN_OR_RETURN(const Walked walked, UnpackAndWalk({header, batch}, limits, now));

  const BatchHeader received = header;
  if (limits.timestamp_type == TimestampType::kLogAppendTime) {
    header.attributes =
        static_cast<std::int16_t>(header.attributes | BatchHeader::kLogAppendTimeBit);
    header.max_timestamp = now;
  } else {
    header.max_timestamp = walked.timestamp_max;
  }
  if (header != received) {
    BatchHeaderBytes bytes;
    header.Encode(bytes);
    header.crc = BatchCrc(bytes, batch.subspan(kBatchHeaderBytes));
  }
  return ValidatedBatch{header, walked.trace};
}

}  // namespace qalam
