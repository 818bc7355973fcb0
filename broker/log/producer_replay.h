#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "broker/log/producer_state.h"
#include "broker/log/segment_index.h"
#include "common/file_system.h"
#include "common/ids.h"
#include "common/result.h"

namespace qalam {

// The producer state at a log's end: the newest good snapshot, and the batches behind it.
// Thread: a value; Run blocks.
struct ProducerReplay {
  struct Segment {
    Offset base_offset = 0;
    std::uint64_t size_bytes = 0;
    const SegmentIndex* index = nullptr;  // Null: walked from its begin.
  };
  struct Input {
    std::string directory;
    const std::vector<Offset>* snapshots = nullptr;  // Those there are, ascending.
    std::vector<Segment> segments;                   // By base offset; the last is active.
    Offset end_offset = 0;
    Offset verified_from = 0;  // The CRC of batches from here on was checked already.
    // Also learn the batches before the snapshot, which keeps only the last of each producer: what
    // a client that saw us die may send again.
    bool look_back = false;
  };
  ProducerState state;
  Offset snapshot = kNoOffset;            // The one used.
  std::vector<Offset> damaged_snapshots;  // Newer ones that could not be.

  // Errors: kCorruption (of a batch behind the snapshot), kIo.
  static Result<ProducerReplay> Run(FileSystem& fs, const Input& input);
};

}  // namespace qalam
