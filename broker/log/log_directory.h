#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/file_system.h"
#include "common/ids.h"
#include "common/result.h"

namespace qalam {

// What lies in a partition's directory, sorted by what it is; nothing is opened but the logs, for
// their sizes. Thread: a value; List blocks.
struct LogDirectory {
  struct Segment {
    Offset base_offset = 0;
    std::uint64_t size_bytes = 0;
  };
  struct Derived {  // An index, time index or sidecar.
    Offset base_offset = 0;
    std::string name;
  };
  std::vector<Segment> segments;  // By base offset.
  std::vector<Offset> snapshots;  // Ascending.
  std::vector<Derived> derived;
  std::vector<std::string> deletable;  // *.deleted: names without the directory, as below.
  std::vector<std::string> temporary;  // *.tmp of ours: the rest of an interrupted replacement.
  std::vector<std::string> strays;     // Not ours.

  static Result<LogDirectory> List(FileSystem& fs, const std::string& directory);
};

}  // namespace qalam
