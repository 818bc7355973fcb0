#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "broker/node/meta_properties.h"
#include "common/file_lock.h"
#include "common/file_system.h"
#include "common/ids.h"
#include "common/result.h"

namespace qalam {

struct DataDirectoryOptions {
  std::string path;
  std::optional<NodeId> node_id;  // Nothing: the directory's own, 1 for a new one.
  bool adopt_copy = false;        // The directory is a copy, and the original is out of use.
  bool allow_network_file_system = false;
  // For rebuilding: a missing or damaged meta.properties is made anew, the old one kept aside.
  bool repair = false;
  // Only the directory with this id, which is there; empty: any, and a new one is made.
  std::string directory_id = {};
};

// The one directory that holds everything a node has, owned by one process at a time: it holds a
// lock on .lock, and on the directory itself, should somebody delete the former.
//   DIR/.lock  meta.properties  metadata/  metadata.guard  log/  rings/  qalam.sock
// Thread: one at a time.
class DataDirectory {
 public:
  // Makes the directory (0700) when it is missing, takes its lock without waiting, checks what it
  // is, closes it to other users, and writes owner_epoch + 1, synced. Errors, in this order, and
  // nothing was changed:
  //   kDirectoryUnusable   not a directory, not writable, another user's, on a network file system,
  //                        not empty and not ours, not the one with `directory_id`; at last also:
  //                        others may write in it, and we may not change that
  //   kDirectoryInUse      another process owns it (details: pid, since)
  //   kUnsupportedFormat   a newer version of Qalam wrote it
  //   kMetadataDamaged     meta.properties can't be read, or is missing beside logs
  //   kWrongNode           the node with another id wrote it
  //   kCopiedDirectory     it lies elsewhere than when it was last started
  //   kNoSpace, kIo        writing meta.properties
  static Result<DataDirectory> Open(FileSystem& fs, const DataDirectoryOptions& options);

  const std::string& path() const { return path_; }
  const MetaProperties& meta() const { return meta_; }
  std::string log_path() const { return JoinPath(path_, "log"); }
  std::string socket_path() const { return JoinPath(path_, "qalam.sock"); }

 private:
  DataDirectory(std::string path, MetaProperties meta, FileLock lock, FileLock directory_lock)
      : path_(std::move(path)),
        meta_(std::move(meta)),
        lock_(std::move(lock)),
        directory_lock_(std::move(directory_lock)) {}

  std::string path_;
  MetaProperties meta_;
  FileLock lock_;  // Let go of when the object goes.
  FileLock directory_lock_;
};

// DIR/meta.properties, or nothing where there is none. Errors: kDirectoryUnusable (it can't be
// read), kMetadataDamaged, kUnsupportedFormat.
Result<std::optional<MetaProperties>> ReadMeta(FileSystem& fs, const std::string& path);

// Name of a network file system by statfs's f_type: no lock and no sync can be relied on there.
// Empty for all others.
std::string_view NetworkFileSystemName(long type);

}  // namespace qalam
