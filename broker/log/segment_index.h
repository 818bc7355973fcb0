#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "broker/log/append_array.h"
#include "broker/log/segment_crc.h"
#include "common/bytes.h"
#include "common/ids.h"
#include "common/record/batch_header.h"

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

  // A batch at or before the one that holds `offset`: where it is, and its last offset (-1: not
  // known, it is the segment's first).
  struct Floor {
    std::uint64_t position = 0;
    Offset last_offset = kNoOffset;
  };
  Floor FloorOf(Offset offset) const;
  std::uint64_t FloorPosition(Offset offset) const { return FloorOf(offset).position; }
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
  // Of what the two Encode functions give from entry 0. Thread: the writer.
  const Digest& offsets_digest() const { return offsets_digest_; }
  const Digest& times_digest() const { return times_digest_; }
  // Takes the content of both files into an empty index. Returns up to which batch it reaches (as
  // FloorOf does): that one and what follows are to be Add()ed. Nothing: the entries do not grow,
  // as those of an index do; this one is then of no use any more.
  std::optional<Floor> Load(BytesView offsets, BytesView times);

 private:
  void AppendOffset(const OffsetEntry& entry);
  void AppendTime(const TimeEntry& entry);

  const Offset base_offset_;
  const std::uint32_t interval_bytes_;
  AppendArray<OffsetEntry> offsets_;
  AppendArray<TimeEntry> times_;
  std::atomic<TimestampMs> largest_timestamp_{kNoTimestamp};
  Offset largest_timestamp_offset_ = kNoOffset;  // Last offset of the batch that has it.
  std::uint64_t bytes_since_entry_ = 0;
  Digest offsets_digest_;
  Digest times_digest_;
};

}  // namespace qalam
