#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "broker/log/dirty_set.h"
#include "broker/log/log.h"
#include "broker/log/retention_clock.h"
#include "broker/log/segment.h"
#include "broker/partition/partition_handle.h"
#include "common/clock.h"
#include "common/file_system.h"
#include "common/ids.h"
#include "common/result.h"

namespace qalam {

// The directory of all logs of a node (DIR/log), and what its logs share: which are in doubt after
// an unclean stop, the open sealed segments, the retention clock.
//   <topic>-<partition>                 a partition
//   <topic>-<partition>.<id>-delete     of a deleted topic, to be removed
//   <topic>-<partition>.<id>-stray      not ours to judge: kept, out of the way
// Thread: any; nearly everything blocks on the disk.
class LogRoot {
 public:
  // Makes it if need be, finds out what the file system can. Errors: kIo, kNoSpace,
  // kPermissionDenied.
  static Result<std::unique_ptr<LogRoot>> Open(FileSystem& fs, const Clock& clock, std::string path,
                                               std::size_t open_segments_max);

  struct Scan {
    std::set<std::string, std::less<>> partitions;  // Directories of partitions that are known.
    std::vector<std::string> strays;                // Look like partitions, but are not known.
    std::vector<std::string> deleted;
    std::size_t strays_before = 0;  // Moved aside in earlier runs.
  };
  // The id of the topic that has this partition; nothing: none has.
  using TopicIdOf = std::function<std::optional<Uuid>(const TopicPartition&)>;
  // A directory of an older topic with the same name (another id in partition.metadata) is a stray.
  // One without partition.metadata is the topic's: half made, or damaged.
  Result<Scan> List(const TopicIdOf& topic_id_of);

  const std::string& path() const { return path_; }
  std::string PathOf(const TopicPartition& partition) const;
  DirtySet& dirty() { return *dirty_; }
  // What every log here has in common.
  void Complete(LogOptions& options, const TopicPartition& partition) const;

  // --- one partition's log ---
  // Remembers durably that this topic's directories are about to be made, so that a start after a
  // crash makes them instead of missing them.
  Status AnnounceCreation(const std::string& topic);
  bool IsCreating(const std::string& topic) const;
  std::vector<std::string> AnnouncedTopics() const;
  static std::string CreatingName(const std::string& topic);  // In the dirty set.
  // Its making was announced in this run or the one before, its first append was not.
  bool NeverHadData(const PartitionHandle& handle) const;
  // A new, empty log, unless it is there already; what is half made is moved aside.
  Status Make(const PartitionHandle& handle);
  // As Log::Open; makes it first where NeverHadData. kCorruption when something is missing.
  Result<std::unique_ptr<Log>> OpenLog(const PartitionHandle& handle, bool clean);
  // True if some segment has bytes, or files that were given up wait to be unlinked.
  bool HasWorkForRetention(const TopicPartition& partition);

  // --- moving aside ---
  // Returns the new name. Durable after Sync().
  Result<std::string> MoveAsideToDelete(const TopicPartition& partition);
  Result<std::string> MoveAsideAsStray(const std::string& name);
  Status Sync() { return fs_.SyncDirectory(path_); }
  // Removes a directory that was moved aside, with the files in it.
  Status Remove(const std::string& name);
  Status RemoveFile(const std::string& path) { return fs_.Remove(path); }

  // As RetentionClock; one thread.
  RetentionClock& retention_clock() { return *retention_clock_; }
  std::int64_t free_bytes() const;

 private:
  LogRoot(FileSystem& fs, const Clock& clock, std::string path, std::size_t open_segments_max);
  Result<std::string> MoveAside(const std::string& name, std::string_view suffix);

  FileSystem& fs_;
  const Clock& clock_;
  const std::string path_;
  const std::shared_ptr<SegmentCache> segment_cache_;
  std::size_t direct_alignment_ = 0;
  std::unique_ptr<DirtySet> dirty_;
  std::optional<RetentionClock> retention_clock_;
};

}  // namespace qalam
