#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "broker/log/durable_checkpoint.h"
#include "broker/log/epoch_cache.h"
#include "broker/log/log_directory.h"
#include "common/file_system.h"
#include "common/result.h"

namespace qalam {

// What the scan above a durable checkpoint found. Nothing has been changed yet.
struct TailScan {
  // Segments looked at, from the checkpoint's on; the last becomes the active one.
  struct Segment {
    std::size_t place = 0;   // In LogDirectory::segments.
    std::uint64_t end = 0;   // Its good batches end here.
    bool has_more = false;   // Bytes that are not zero follow, to be cut.
    bool has_zeros = false;  // Only zeros follow.
  };
  std::vector<Segment> segments;
  Offset end_offset = 0;
  std::uint64_t scanned_bytes = 0;
  std::uint64_t torn_bytes = 0;
};

struct TailScanInput {
  std::string directory;
  DurablePoint point;   // Its segment is one of `segments`.
  bool strict = false;  // The checkpoint may be an old one: whatever is bad is refused.
  const std::vector<LogDirectory::Segment>& segments;
};

// Reads everything from the checkpoint on and judges it (recovery.h says how). With
// `epochs_unknown`, `epochs` is filled from the batches instead of compared with them.
// Errors: kCorruption, kIo. Blocks.
Result<TailScan> ScanTail(FileSystem& fs, const TailScanInput& input, bool epochs_unknown,
                          EpochCache& epochs);

}  // namespace qalam
