#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/file_system.h"
#include "common/result.h"

namespace qalam {

// The format of a data directory that these tools know (docs/formats/).
inline constexpr int kLogFormat = 1;

struct VerifyReport {
  std::int64_t partitions = 0;
  std::int64_t segments = 0;
  std::int64_t batches = 0;
  std::int64_t records = 0;
  std::int64_t bytes = 0;
  static constexpr std::size_t kFindingsMax = 10'000;
  std::vector<std::string> findings;  // A line each: file, place, what; the first so many.
  std::int64_t findings_left_out = 0;
};

// Checks every byte of the logs below `directory` (a partition's directory, DIR/log, or a data
// directory), without a broker: CRC of every batch, dense offsets, epochs that never fall and are
// those of the checkpoint, records that decode, index entries that lead to their batch, time
// entries that grow and name a batch with that timestamp, sidecar CRCs, producer snapshots,
// checkpoints, missing segments. Directories that a broker moved aside are left out, unless
// `directory` is one. Reads only, with bounded memory; beside a running broker it may
// see a batch that is just being written. Thread: any; blocks. Errors: kNotFound, kInvalidArgument
// (no partition there), kIo, kOutOfRange (a file became shorter meanwhile).
Result<VerifyReport> VerifyLogs(FileSystem& fs, const std::string& directory);

}  // namespace qalam
