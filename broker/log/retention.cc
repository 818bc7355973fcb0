#include "broker/log/retention.h"

namespace qalam {

bool ExpiredByTime(const RetentionSegment& segment, const RetentionRule& rule) {
  return rule.now && rule.retention_ms >= 0 && segment.largest_timestamp >= 0 &&
         segment.end_offset <= rule.high_watermark &&
         *rule.now - segment.largest_timestamp > rule.retention_ms;
}

std::size_t SegmentsToRemove(std::span<const RetentionSegment> sealed, std::uint64_t active_bytes,
                             const RetentionRule& rule) {
  std::uint64_t total = active_bytes;
  for (const RetentionSegment& segment : sealed) total += segment.size_bytes;
  std::size_t count = 0;
  for (const RetentionSegment& segment : sealed) {
    if (segment.end_offset > rule.high_watermark) break;
    const bool below_start = segment.end_offset <= rule.log_start_offset;
    const bool too_much =
        rule.retention_bytes >= 0 &&
        total - segment.size_bytes >= static_cast<std::uint64_t>(rule.retention_bytes);
    if (!below_start && !too_much && !ExpiredByTime(segment, rule)) break;
    total -= segment.size_bytes;
    ++count;
  }
  return count;
}

}  // namespace qalam
