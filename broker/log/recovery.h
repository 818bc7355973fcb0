#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/log/durable_checkpoint.h"
#include "broker/log/epoch_cache.h"
#include "broker/log/log.h"
#include "broker/log/producer_state.h"
#include "broker/log/segment_crc.h"
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
  std::uint64_t active_bytes = 0;  // Zeros may follow in the file.
  std::shared_ptr<SegmentIndex> active_index;
  std::optional<Digest> active_digest;  // Of its bytes; nothing where finding out took too long.
  TimestampMs active_first_timestamp = kNoTimestamp;
  Offset log_start_offset = 0;
  Offset end_offset = 0;
  EpochCache epochs;
  ProducerState producers;
  Offset loose_snapshot = kNoOffset;   // A producer snapshot that belongs to no segment's begin.
  std::vector<std::string> deletable;  // Paths that may be unlinked.
  RecoveryReport report;
};

// Finds out what a log's directory holds, and repairs what a crash may leave:
//   below the durable checkpoint what is missing or shorter is rot: kCorruption, nothing is
//   changed; above it, under FlushMode::kFsync, a first bad byte is a torn group if nothing but
//   zeros lies further than one maximal group behind it and no later segment exists (a segment
//   begins only after all before it was synced): the file is cut there and synced. Otherwise it is
//   rot; under kInterval and kOs everything above the checkpoint may be torn: cut at the first bad
//   byte, later segments moved aside.
// What is above the checkpoint is read past the page cache, and synced before it is believed. A bad
// batch is one whose CRC or bounds are wrong, or whose base offset or leader epoch is not what
// belongs there. Doing it twice gives what doing it once does, and it may be stopped anywhere.
// Logs that have no place are renamed aside; of derived files, what is out of date is given up.
// `clean`: nothing is scanned if files and checkpoint agree. Blocks. Errors: as Log::Open.
Result<RecoveredLog> RecoverLog(FileSystem& fs, const LogOptions& options,
                                const DurableCheckpoint& checkpoint, bool clean);

}  // namespace qalam
