#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "broker/log/append_array.h"
#include "common/bytes.h"
#include "common/ids.h"
#include "common/record/batch_header.h"
#include "common/result.h"

namespace qalam {

// The two sparse indexes of one segment, in memory. On disk they are Kafka's `.index` (last offset
// of a batch relative to the base i32, its position i32) and `.timeindex` (largest timestamp so far
// i64, last offset of the batch that has it i32); docs/formats/indexes.md. Derived from the log and
// never authoritative: a lookup only says where to begin looking. Thread: Add and Finish from the
// writer, lookups from any.
class SegmentIndex {
 public:
  struct OffsetEntry {
    std::int32_t relative_offset = 0;
    std::int32_t position = 0;
  };
  struct TimeEntry {
    TimestampMs timestamp = kNoTimestamp;
    std::int32_t relative_offset = 0;
  };
  static constexpr std::size_t kOffsetEntryBytes = 8;
  static constexpr std::size_t kTimeEntryBytes = 12;

  SegmentIndex(Offset base_offset, std::uint32_t interval_bytes)
      : base_offset_(base_offset), interval_bytes_(interval_bytes) {}

  // After a batch was written at `position`, in order.
  void Add(const BatchHeader& stamped, std::uint64_t position);
  // The segment is complete: the last time entry, if the largest timestamp is not indexed yet.
  void Finish();

  // Position of a batch at or before the one that holds `offset`.
  std::uint64_t FloorPosition(Offset offset) const;
  // Position of an indexed batch at or before `position`.
  std::uint64_t FloorOfPosition(std::uint64_t position) const;
  // Every record with this timestamp or a later one lies at this offset or behind it.
  Offset FloorOfTimestamp(TimestampMs timestamp) const;
  TimestampMs largest_timestamp() const {
    return largest_timestamp_.load(std::memory_order_acquire);
  }
  bool Full(std::uint32_t index_bytes_max) const;
  std::size_t offset_entries() const { return offsets_.size(); }
  std::size_t time_entries() const { return times_.size(); }

  Bytes EncodeOffsets(std::size_t from_entry = 0) const;
  Bytes EncodeTimes(std::size_t from_entry = 0) const;
  // Takes what is sane of both files, up to the batch at `position_max` (exclusive), as if added;
  // an index that is too short only makes lookups longer. Returns the position up to which it
  // reaches: batches from there on are to be Add()ed again. Nothing: unusable.
  std::optional<std::uint64_t> Load(BytesView offsets, BytesView times, std::uint64_t position_max);

 private:
  const Offset base_offset_;
  const std::uint32_t interval_bytes_;
  AppendArray<OffsetEntry> offsets_;
  AppendArray<TimeEntry> times_;
  std::atomic<TimestampMs> largest_timestamp_{kNoTimestamp};
  Offset largest_timestamp_offset_ = kNoOffset;  // Last offset of the batch that has it.
  std::uint64_t bytes_since_entry_ = 0;
};

}  // namespace qalam
