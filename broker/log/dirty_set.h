#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/file_system.h"
#include "common/mutex.h"
#include "common/result.h"

namespace qalam {

// A node's set of names that an unclean stop would leave in doubt: the file `dirty-partitions`, one
// checksummed line a name, appended and synced before the thing it announces (a partition's first
// append, the making of a topic's directories). What is not in it at start is clean. Thread: any;
// Add, Remove and Reset block.
class DirtySet {
 public:
  // Reads what an unclean stop left. A missing file is an empty set; a last line cut short is a
  // torn append and is dropped. A damaged line before it puts everything in doubt: every name is
  // then in the set until Reset. Errors: kIo, kPermissionDenied.
  static Result<std::unique_ptr<DirtySet>> Open(FileSystem& fs, const std::string& directory);

  bool Contains(std::string_view name) const;
  bool empty() const;
  std::set<std::string, std::less<>> names() const;  // Without those of damaged lines.
  // All of them with one sync; durable when it returns, cheap when they are there already. After an
  // error some may be in the file, which costs a needless recovery. Errors: kNoSpace,
  // kTooManyRequests, kIo.
  Status Add(const std::vector<std::string>& names);
  // Not these any more. Durable when it returns.
  Status Remove(const std::vector<std::string>& names);
  // Only these from now on. Durable when it returns.
  Status Reset(std::set<std::string, std::less<>> names);

 private:
  DirtySet(FileSystem& fs, std::string path) : fs_(fs), path_(std::move(path)) {}
  Status OpenFile() QALAM_REQUIRES(mutex_);
  Status Replace(std::set<std::string, std::less<>> names) QALAM_REQUIRES(mutex_);

  FileSystem& fs_;
  const std::string path_;
  mutable Mutex mutex_;
  std::set<std::string, std::less<>> names_ QALAM_GUARDED_BY(mutex_);
  std::unique_ptr<File> file_ QALAM_GUARDED_BY(mutex_);
  std::uint64_t end_ QALAM_GUARDED_BY(mutex_) = 0;
  bool damaged_ QALAM_GUARDED_BY(mutex_) = false;
};

}  // namespace qalam
