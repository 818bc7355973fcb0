#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "broker/metadata/cluster_image.h"
#include "common/file_system.h"
#include "common/ids.h"
#include "common/result.h"

namespace qalam {

// What lies in DIR/log, by its names:
//   <topic>-<partition>                 a partition
//   <topic>-<partition>.<id>-delete     of a deleted topic, to be removed
//   <topic>-<partition>.<id>-stray      not ours to judge: kept, out of the way
// Thread: any; blocks.
struct LogDirectoryScan {
  std::set<std::string, std::less<>>
      partitions;                   // Directories that belong to a topic of the image.
  std::vector<std::string> strays;  // Look like partitions, but no topic of the image has them.
  std::vector<std::string> deleted;
  std::size_t strays_before = 0;  // Moved aside in earlier runs.
};
// A directory of an older topic with the same name (another id in partition.metadata) is a stray.
// One without partition.metadata is the topic's: half made, or damaged. Errors: kIo,
// kPermissionDenied.
Result<LogDirectoryScan> ScanLogDirectory(FileSystem& fs, const std::string& directory,
                                          const ClusterImage& image);

// Renames `directory`/`name` to a name that ends so; returns it. Durable after SyncDirectory.
Result<std::string> MoveAsideToDelete(FileSystem& fs, const std::string& directory,
                                      const std::string& name);
Result<std::string> MoveAsideAsStray(FileSystem& fs, const std::string& directory,
                                     const std::string& name);

// Removes a partition's directory and the files in it.
Status RemovePartitionDirectory(FileSystem& fs, const std::string& path);
// Removes the files in it that retention or trimming had given up before the broker stopped.
void RemoveRetiredFiles(FileSystem& fs, const std::string& path);
// True if some segment has bytes.
bool HasRecords(FileSystem& fs, const std::string& path);

}  // namespace qalam
