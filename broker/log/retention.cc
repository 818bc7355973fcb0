#include "broker/log/retention.h"

namespace qalam {

bool RetentionPass::RemovedAnyway(Offset end_offset, std::uint64_t size_bytes) const {
  if (end_offset <= rule_.log_start_offset) return true;
  // What is left afterwards still has all that must be kept.
  return rule_.retention_bytes >= 0 &&
         left_bytes_ - size_bytes >= static_cast<std::uint64_t>(rule_.retention_bytes);
}

bool RetentionPass::Expired(TimestampMs largest_timestamp) const {
  return judges_by_time() && largest_timestamp >= 0 &&
         *rule_.now - largest_timestamp > rule_.retention_ms;
}

}  // namespace qalam
