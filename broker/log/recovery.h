#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "broker/log/durable_checkpoint.h"
#include "broker/log/epoch_cache.h"
#include "broker/log/log.h"
#include "broker/log/producer_state.h"
#include "broker/log/segment_index.h"

namespace qalam {

// A log's state as its files have it, after repair.
struct RecoveredLog {
  struct SealedSegment {
    Offset base_offset = 0;
    Offset end_offset = 0;
    std::uint64_t size_bytes = 0;
  };
  std::vector<SealedSegment> sealed;
  Offset active_base = 0;
  std::uint64_t active_bytes = 0;
  std::shared_ptr<SegmentIndex> active_index;
  TimestampMs active_first_timestamp = kNoTimestamp;
  Offset log_start_offset = 0;
  Offset end_offset = 0;
  EpochCache epochs;
  ProducerState producers;
  RecoveryReport report;
};

// Finds out what a log's directory holds, and repairs what a crash may leave (DESIGN: recovery):
//   below the durable checkpoint a bad byte is rot: kCorruption, nothing is changed;
//   above it, under FlushMode::kFsync, a bad byte with no valid batch further than one maximal
//   group behind it, nor in a later segment, is a torn group: the file is cut there and synced;
//   otherwise rot; under kInterval and kOs everything above the checkpoint may be torn.
// What was above the checkpoint is read past the page cache. Doing it twice gives what doing it
// once does, and it may be stopped anywhere. Files that have no place are renamed aside, none is
// deleted. `clean`: nothing is scanned if files and checkpoint agree. Blocks. Errors: as Log::Open.
Result<RecoveredLog> RecoverLog(FileSystem& fs, const LogOptions& options,
                                const DurableCheckpoint& checkpoint, bool clean);

}  // namespace qalam
