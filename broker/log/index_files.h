#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "broker/log/segment_crc.h"
#include "broker/log/segment_index.h"
#include "common/file_system.h"
#include "common/ids.h"
#include "common/result.h"

namespace qalam {

// A segment's indexes, from its files as far as its sidecar vouches for them, the rest (or all)
// from the headers of the log.
struct LoadedIndex {
  std::shared_ptr<SegmentIndex> index;
  // False: no batch was found where one must be. The index reaches up to there, so that what lies
  // before stays readable and a read of what is damaged says so.
  bool complete = true;
  bool rebuilt = false;  // The files were missing, short, wrong or without sidecar.
  SegmentCrc vouched;    // What the sidecar said, if it agreed with the files; else zeros.
};

// `log` is the segment's log, whose batches end at byte `end`. Blocks. Errors: kIo.
Result<LoadedIndex> LoadIndex(FileSystem& fs, const std::string& directory, Offset base_offset,
                              std::uint32_t interval_bytes, const File& log, std::uint64_t end);

}  // namespace qalam
