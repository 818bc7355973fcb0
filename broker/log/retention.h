#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "common/ids.h"

namespace qalam {

struct RetentionSegment {
  Offset end_offset = 0;
  std::uint64_t size_bytes = 0;
  TimestampMs largest_timestamp = kNoTimestamp;  // -1: none, never expires by time.
};
struct RetentionRule {
  std::int64_t retention_bytes = -1;
  std::int64_t retention_ms = -1;
  std::optional<TimestampMs> now;  // Nothing: not by time.
  Offset log_start_offset = 0;
  Offset high_watermark = 0;
};

// How many of the oldest sealed segments may go: below the log's start, too old, or too many bytes,
// and only where all of it is below the high watermark. Pure. Thread: any.
std::size_t SegmentsToRemove(std::span<const RetentionSegment> sealed, std::uint64_t active_bytes,
                             const RetentionRule& rule);
bool ExpiredByTime(const RetentionSegment& segment, const RetentionRule& rule);

}  // namespace qalam
