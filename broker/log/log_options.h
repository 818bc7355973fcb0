#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "common/flush_mode.h"

namespace qalam {

class SegmentCache;

struct LogOptions {
  std::string directory;  // DIR/log/<topic>-<partition>.
  std::uint64_t segment_bytes_max = std::uint64_t{1} << 30;
  std::chrono::milliseconds segment_age_max{std::chrono::hours(24 * 7)};
  std::uint32_t index_interval_bytes = 4096;
  std::uint32_t index_bytes_max = 10u << 20;
  std::int64_t retention_bytes = -1;                               // Whole log; -1: no bound.
  std::int64_t retention_ms = std::int64_t{7} * 24 * 3600 * 1000;  // -1: no bound.
  std::chrono::milliseconds file_delete_delay{60'000};
  FlushMode flush_mode = FlushMode::kFsync;
  std::chrono::milliseconds flush_interval{1000};
  // No group written between two syncs is larger. Recovery relies on it, so it is in the
  // checkpoint.
  std::uint32_t group_bytes_max = 8u << 20;
  std::uint64_t checkpoint_bytes = std::uint64_t{64}
                                   << 20;               // Durable-offset checkpoint: every so many
  std::chrono::milliseconds checkpoint_interval{5000};  // bytes, or this long after a change.
  std::size_t recent_bytes_max = 4u << 20;              // Kept in memory for readers at the tail.
  // Alignment for direct writes as FileSystem::ProbeDirectAlignment found it; 0: buffered writes.
  std::size_t direct_alignment = 0;
  std::shared_ptr<SegmentCache>
      segment_cache;  // Shared by all logs of a process; null: one of its own.
};

}  // namespace qalam
