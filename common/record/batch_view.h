#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "common/bytes.h"
#include "common/ids.h"
#include "common/record/batch_header.h"
#include "common/record/record_parser.h"
#include "common/result.h"

namespace qalam {

struct HeaderView {
  BytesView key;                   // Never null.
  std::optional<BytesView> value;  // Null allowed.
};

// One record inside a batch; views into the (decompressed) block.
struct RecordView {
  Offset offset = 0;
  TimestampMs timestamp = kNoTimestamp;
  std::optional<BytesView> key;
  std::optional<BytesView> value;
  std::int32_t headers_count = 0;
  BytesView headers;  // Encoded; walk with HeaderCursor.
};

// Walks the headers of one record, already validated. Thread: its owner.
class HeaderCursor {
 public:
  explicit HeaderCursor(const RecordView& record)
      : rest_(record.headers), left_(record.headers_count) {}
  std::optional<HeaderView> Next();

 private:
  BytesView rest_;
  std::int32_t left_;
};

// Walks the records of a plain (decompressed) block. Checks every bound; never reads past the
// block. Thread: its owner. The block must outlive the cursor and what it returned.
class RecordCursor {
 public:
  // `header` is the batch's; `block` its records, decompressed.
  RecordCursor(const BatchHeader& header, BytesView block) : header_(header), rest_(block) {}
  // The next record; nothing after the last. Errors: kInvalidRecord (malformed, trailing bytes).
  Result<std::optional<RecordView>> Next();
  // The same for hot loops: `visit(const RecordView&)` for one record after another, until it says
  // false. Returns true if it did; false after the last record and after an error, which status()
  // then tells.
  template <typename Visit>
  bool Walk(Visit visit);
  const Status& status() const { return status_; }

 private:
  static std::optional<BytesView> Blob(const std::byte* data, std::int32_t length) {
    if (length < 0) return std::nullopt;
    return BytesView(data, static_cast<std::size_t>(length));
  }
  // Why there is no next record. Sets status_ unless it was the last.
  void AtEnd();
  void Fail(const record_internal::RecordFault& fault);
  void FailOffset(std::int32_t offset_delta);
  void FailWith(std::string what);

  BatchHeader header_;
  BytesView rest_;
  std::int32_t index_ = 0;
  std::int64_t delta_min_ = 0;  // Offsets may have holes (compaction), but only rise.
  Status status_;
};

template <typename Visit>
bool RecordCursor::Walk(Visit visit) {
  // All in registers: what `visit` writes could be anything of *this, for all the compiler knows.
  const std::byte* at = rest_.data();
  const std::byte* const end = at + rest_.size();
  const Offset base_offset = header_.base_offset;
  const auto base_timestamp = static_cast<std::uint64_t>(header_.base_timestamp);
  const std::int32_t delta_max = header_.last_offset_delta;
  const std::int32_t count = header_.records_count;
  const bool log_append_time = header_.log_append_time();
  std::int64_t delta_min = delta_min_;
  std::int32_t index = index_;
  bool go_on = true;
  while (go_on && index < count && at != end) {
    record_internal::RecordFields fields;
    const std::byte* next = record_internal::ParseCommonRecord(at, end, fields);
    if (next == nullptr) [[unlikely]] {
      record_internal::RecordFields any;
      record_internal::RecordFault fault;
      next = record_internal::ParseAnyRecord(at, end, any, fault);
      index_ = index;
      if (next == nullptr) {
        Fail(fault);
        return false;
      }
      fields = any;
    }
    if (fields.offset_delta < delta_min || fields.offset_delta > delta_max) [[unlikely]] {
      index_ = index;
      delta_min_ = delta_min;
      FailOffset(fields.offset_delta);
      return false;
    }
    RecordView record;
    // Unsigned: a lying base or delta may wrap round, but never is undefined.
    record.offset =
        static_cast<Offset>(static_cast<std::uint64_t>(base_offset) +
                            static_cast<std::uint64_t>(std::int64_t{fields.offset_delta}));
    record.timestamp =
        log_append_time ? header_.max_timestamp
                        : static_cast<TimestampMs>(
                              base_timestamp + static_cast<std::uint64_t>(fields.timestamp_delta));
    record.key = Blob(fields.key, fields.key_length);
    record.value = Blob(fields.value, fields.value_length);
    record.headers_count = fields.headers_count;
    record.headers = BytesView(fields.headers, next);
    delta_min = std::int64_t{fields.offset_delta} + 1;
    at = next;
    ++index;
    go_on = visit(std::as_const(record));
  }
  rest_ = BytesView(at, end);
  delta_min_ = delta_min;
  index_ = index;
  if (go_on) AtEnd();
  return !go_on;
}

// Batches of a stored or received byte range, one after another. Checks sizes and magic only: use
// CheckBatchCrc where the bytes come from outside. A last, incomplete batch ends the walk.
struct BatchSpan {
  BatchHeader header;
  BytesView bytes;  // Header and records.
  BytesView records() const { return bytes.subspan(kBatchHeaderBytes); }
};
class BatchCursor {
 public:
  explicit BatchCursor(BytesView bytes) : rest_(bytes) {}
  // Errors: kCorruptBatch (length < 49 or magic not 2).
  Result<std::optional<BatchSpan>> Next();
  std::size_t rest_bytes() const { return rest_.size(); }  // An incomplete batch at the end.

 private:
  BytesView rest_;
};

// kCorruptBatch if the CRC in the header is not that of the bytes. `batch` is one whole batch.
Status CheckBatchCrc(BytesView batch);
// The records block of `batch`, decompressed into `scratch` where need be (then a view of scratch).
Result<BytesView> DecompressRecords(const BatchSpan& batch, Bytes& scratch, std::size_t bytes_max);

}  // namespace qalam
