#pragma once

#include "broker/log/dirty_set.h"
#include "broker/partition/log_directory_state.h"
#include "broker/partition/task_pool.h"
#include "common/clock.h"

namespace qalam {

// What partitions need of the process around them. Outlives them.
struct PartitionContext {
  const Clock& clock;
  DirtySet& dirty;
  LogDirectoryState& directory;
  TaskPool& sync_pool;
  TaskPool& wake_pool;  // Wakes readers; its tasks don't touch the disk.
};

}  // namespace qalam
