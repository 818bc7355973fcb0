#pragma once

#include <cstddef>
#include <limits>
#include <optional>

#include "common/bytes.h"
#include "common/ids.h"
#include "common/record/batch_header.h"
#include "common/result.h"
#include "common/trace_parent.h"

namespace qalam {

enum class TimestampType { kCreateTime, kLogAppendTime };

// What a topic allows in a batch that a client sends.
struct BatchLimits {
  std::size_t batch_bytes_max = 1'048'588;  // max.message.bytes: 1 MiB and the 12 bytes before it.
  std::size_t decompressed_bytes_max = std::size_t{100} << 20;
  TimestampType timestamp_type = TimestampType::kCreateTime;
  TimestampMs timestamp_before_max_ms = std::numeric_limits<TimestampMs>::max();
  TimestampMs timestamp_after_max_ms = 3'600'000;
  bool key_required = false;  // Compacted topics.
};

// A batch that passed: the header as it will be stored, except base offset and leader epoch, which
// only the partition's writer knows.
struct ValidatedBatch {
  BatchHeader header;
  std::optional<TraceParent> trace;  // In the headers of its first record.
};

// Checks everything that needs no order (record-batch.md section 6): sizes, magic, CRC, flags,
// counts, deltas, every record's bounds (compressed ones decompressed under the cap), timestamps.
// Stamps what the broker has to (LogAppendTime; a wrong maxTimestamp under CreateTime) and then
// computes the CRC anew: the caller stores `header` encoded, followed by the received records.
// Pure. Thread: any. Errors: kCorruptBatch, kInvalidRecord, kInvalidTimestamp, kBatchTooLarge,
// kUnsupportedCodec, kDecompressionLimit.
Result<ValidatedBatch> ValidateBatch(BytesView batch, const BatchLimits& limits, TimestampMs now);

}  // namespace qalam
