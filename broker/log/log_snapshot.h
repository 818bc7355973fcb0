#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "broker/log/epoch_cache.h"
#include "broker/log/log_view.h"
#include "broker/log/segment.h"
#include "broker/log/staging_chunk.h"

namespace qalam {

// One segment as a view sees it.
struct SegmentSpan {
  std::shared_ptr<Segment> segment;
  Offset end_offset = 0;  // Exclusive. Of the active one: as the view was made.
  std::uint64_t size_bytes = 0;
};
// A stretch of the active segment that is still in the writer's memory; begins at a batch.
struct RecentSpan {
  std::shared_ptr<const StagingChunk> chunk;
  Offset first_offset = 0;
  Offset end_offset = 0;
  std::uint64_t from = 0;  // Bytes of the file.
  std::uint64_t to = 0;
};

// The LogView that Log publishes. Immutable. Thread: any.
class LogSnapshot final : public LogView {
 public:
  struct Parts {
    Offset log_start_offset = 0;
    Offset end_offset = 0;
    std::uint64_t sealed_bytes = 0;
    std::shared_ptr<const std::vector<SegmentSpan>> sealed;  // By base offset.
    SegmentSpan active;
    std::vector<RecentSpan> recent;  // Oldest first, all of the active segment.
    std::shared_ptr<const EpochCache> epochs;
  };
  explicit LogSnapshot(Parts parts) : parts_(std::move(parts)) {}

  Offset log_start_offset() const override { return parts_.log_start_offset; }
  Offset end_offset() const override { return parts_.end_offset; }
  std::uint64_t size_bytes() const override {
    return parts_.sealed_bytes + parts_.active.size_bytes;
  }
  std::size_t segments_count() const override { return parts_.sealed->size() + 1; }
  Epoch EpochOf(Offset offset) const override { return parts_.epochs->EpochOf(offset); }
  std::vector<EpochStart> epochs() const override { return parts_.epochs->entries(); }
  bool InMemory(Offset from) const override;
  Result<LogRead> Read(Offset from, Offset until, std::size_t bytes_max) const override;
  Result<std::optional<TimestampedOffset>> FindTimestamp(TimestampMs timestamp,
                                                         Offset until) const override;
  Result<std::optional<TimestampedOffset>> FindMaxTimestamp(Offset until) const override;

 private:
  const SegmentSpan& Span(std::size_t i) const {
    return i < parts_.sealed->size() ? (*parts_.sealed)[i] : parts_.active;
  }
  std::size_t SpanOf(Offset offset) const;
  // Null unless `offset` is in memory.
  const RecentSpan* FindRecent(Offset offset) const;
  Result<LogRead> ReadRecent(const RecentSpan& recent, Offset from, Offset until,
                             std::size_t bytes_max) const;

  const Parts parts_;
};

}  // namespace qalam
