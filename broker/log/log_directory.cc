#include "broker/log/log_directory.h"

#include "broker/log/file_names.h"

namespace qalam {
namespace {

bool IsFixedName(std::string_view name) {
  return name == kDurableCheckpointName || name == kEpochCheckpointName ||
         name == kPartitionMetadataName;
}

}  // namespace

Result<LogDirectory> LogDirectory::List(FileSystem& fs, const std::string& directory) {
  QALAM_ASSIGN_OR_RETURN(const auto entries, fs.List(directory));  // Sorted, and so are we.
  LogDirectory found;
  for (const DirectoryEntry& entry : entries) {
    const std::string& name = entry.name;
    if (entry.is_directory) {
      found.strays.push_back(name);
    } else if (const auto base = ParseSegmentFileName(name, kLogSuffix)) {
      QALAM_ASSIGN_OR_RETURN(const auto file, fs.Open(JoinPath(directory, name), {}));
      found.segments.push_back({*base, file->size_bytes()});
    } else if (const auto snapshot = ParseSegmentFileName(name, kSnapshotSuffix)) {
      found.snapshots.push_back(*snapshot);
    } else if (name.ends_with(kDeletedSuffix)) {
      found.deletable.push_back(name);
    } else if (name.ends_with(kTemporarySuffix) && IsFixedName(std::string_view(name).substr(
                                                       0, name.size() - kTemporarySuffix.size()))) {
      found.temporary.push_back(name);
    } else if (!IsFixedName(name) && !name.ends_with(kAsideSuffix)) {
      bool is_derived = false;
      for (const std::string_view suffix : {kIndexSuffix, kTimeIndexSuffix, kCrcSuffix}) {
        const auto of = ParseSegmentFileName(name, suffix);
        if (!of) continue;
        found.derived.push_back({*of, name});
        is_derived = true;
      }
      if (!is_derived) found.strays.push_back(name);
    }
  }
  return found;
}

}  // namespace qalam
