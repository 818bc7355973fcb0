#pragma once

#include <cstdint>
#include <optional>

#include "common/ids.h"

namespace qalam {

struct RetentionRule {
  std::int64_t retention_bytes = -1;  // -1: no bound.
  std::int64_t retention_ms = -1;     // -1: no bound.
  std::optional<TimestampMs> now;     // Nothing: not by time.
  Offset log_start_offset = 0;
  Offset high_watermark = 0;
};

// Which of the oldest segments may go: below the log's start, too many bytes, or too old, and only
// where all of it is below the high watermark. Asked for one after another, oldest first, up to the
// first that has to stay. Pure. Thread: a value.
class RetentionPass {
 public:
  RetentionPass(const RetentionRule& rule, std::uint64_t log_bytes)
      : rule_(rule), left_bytes_(log_bytes) {}

  bool MayRemove(Offset end_offset) const { return end_offset <= rule_.high_watermark; }
  // Without knowing its timestamps, which may take opening it.
  bool RemovedAnyway(Offset end_offset, std::uint64_t size_bytes) const;
  bool judges_by_time() const { return rule_.now && rule_.retention_ms >= 0; }
  // -1: no record has a timestamp; such a segment never expires.
  bool Expired(TimestampMs largest_timestamp) const;
  void Remove(std::uint64_t size_bytes) { left_bytes_ -= size_bytes; }

 private:
  const RetentionRule rule_;
  std::uint64_t left_bytes_;
};

}  // namespace qalam
