#pragma once

#include <string>
#include <utility>

#include "common/result.h"

namespace qalam {

// Exclusive ownership of a directory by one process: flock on a file that is made once and never
// removed, so that whoever opens it locks the same inode. The kernel lets go when the process ends,
// however it ends; there is nothing stale to clean up. The file says who holds it. Close-on-exec,
// and closed in a forked child at once.
// Thread: one at a time.
class FileLock {
 public:
  // Never waits. Errors: kDirectoryInUse (another process, or this one, holds it; details: pid and
  // since, as far as the holder wrote them), kPermissionDenied, kNoSpace, kIo.
  static Result<FileLock> TryLock(const std::string& path);
  // The same on the directory itself, held besides: whoever finds the file of TryLock free only
  // because somebody deleted it finds this one taken. Errors: as TryLock.
  static Result<FileLock> TryLockDirectory(const std::string& path);

  FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  FileLock& operator=(FileLock&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~FileLock();

 private:
  explicit FileLock(int descriptor);
  int descriptor_ = -1;
};

}  // namespace qalam
