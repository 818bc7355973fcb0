#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/bytes.h"
#include "common/ids.h"
#include "common/record/batch_header.h"
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
  // The same for hot loops: the next record, good until the next call; null after the last one and
  // after an error, which status() then tells.
  const RecordView* Advance();
  const Status& status() const { return status_; }

 private:
  const RecordView* AtEnd();
  const RecordView* Fail(std::string what);

  BatchHeader header_;
  BytesView rest_;
  std::int32_t index_ = 0;
  std::int64_t delta_min_ = 0;  // Offsets may have holes (compaction), but only rise.
  RecordView record_;
  Status status_;
};

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
