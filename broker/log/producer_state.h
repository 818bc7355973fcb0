#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>
#include <vector>

#include "common/bytes.h"
#include "common/ids.h"
#include "common/record/batch_header.h"
#include "common/result.h"

namespace qalam {

// What the writer decides about a batch of an idempotent producer.
struct ProducerVerdict {
  bool duplicate = false;
  // Of the original, for a duplicate that is still remembered; else -1.
  Offset base_offset = kNoOffset;
  Offset last_offset = kNoOffset;
};

// Which producers wrote to this partition, and how far: what makes a retry recognisable
// (docs/formats/producer-snapshot.md; rules: docs/ARCHITECTURE.md). Batches without a producer id
// do not appear here. Pure. Thread: whoever owns it (a Log).
//   same producer and epoch, last sequence <= the entry's: a duplicate, entirely;
//   older epoch: kProducerFenced; newer epoch: must start at sequence 0;
//   no entry: must start at 0, else kUnknownProducer; a gap or a partial overlap:
//   kOutOfOrderSequence.
class ProducerState {
 public:
  static constexpr std::size_t kBatchesKept =
      256;  // Per producer; bounds the batches in flight too.

  // Refused batches change nothing and consume no sequence.
  Result<ProducerVerdict> Check(const BatchHeader& batch) const;
  // After the write. `stamped` has its base offset.
  void OnAppended(const BatchHeader& stamped);
  // Counts one more pass without an append for every producer and drops those that had
  // `passes_max`. Called at a fixed interval: no wall clock, so a jump of time forgets nobody.
  void SweepIdle(int passes_max);
  // Takes the batches before the last from `longer`, for every producer of which both know the same
  // last batch.
  void AdoptHistory(ProducerState longer);
  std::size_t size() const { return producers_.size(); }
  void Clear() { producers_.clear(); }

  // Kafka's snapshot format, the last batch per producer. Decode errors: kCorruption.
  Bytes EncodeSnapshot() const;
  static Result<ProducerState> DecodeSnapshot(BytesView bytes);

 private:
  struct BatchEntry {
    std::int32_t first_sequence = 0;
    std::int32_t last_sequence = 0;
    Offset base_offset = 0;
    Offset last_offset = 0;
    friend bool operator==(const BatchEntry&, const BatchEntry&) = default;
  };
  struct Producer {
    std::int16_t epoch = 0;
    TimestampMs last_timestamp = kNoTimestamp;
    int idle_passes = 0;
    std::deque<BatchEntry> batches;  // Oldest first, never empty.
  };
  std::unordered_map<ProducerId, Producer> producers_;
};

}  // namespace qalam
