#include "common/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

#include "common/fork_guard.h"
#include "common/posix_file_system.h"

namespace qalam {
namespace {

constexpr mode_t kMode = 0600;
constexpr int kAttempts = 5;  // The file was replaced under our feet that often: give up.

std::string Now() {
  const time_t now = time(nullptr);
  tm parts{};
  gmtime_r(&now, &parts);
  std::array<char, 32> text{};
  const std::size_t size = strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text.data(), size};
}

// The value of "key=value" in what a holder wrote; empty when it is not there.
std::string_view Line(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.starts_with(key) && line.size() > key.size() && line[key.size()] == '=') {
      return line.substr(key.size() + 1);
    }
  }
  return {};
}

Error InUse(int descriptor, const std::string& path) {
  std::array<char, 256> text{};
  const ssize_t got = pread(descriptor, text.data(), text.size(), 0);
  const std::string_view holder(text.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
  const std::string pid(Line(holder, "pid"));
  const std::string since(Line(holder, "since"));
  std::string message = ParentPath(path) + " is in use";
  if (!pid.empty()) message += " by process " + pid;
  if (!since.empty()) message += " since " + since;
  Error error(ErrorCode::kDirectoryInUse, std::move(message));
  return std::move(error).With("path", ParentPath(path)).With("pid", pid).With("since", since);
}

}  // namespace

FileLock::FileLock(int descriptor) : descriptor_(descriptor) {
  ForkGuard::CloseInChild(descriptor);
}

FileLock::~FileLock() {
  if (descriptor_ < 0) return;
  ForkGuard::Forget(descriptor_);
  close(descriptor_);
}

Result<FileLock> FileLock::TryLockDirectory(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return ErrorFromErrno(errno, "open", path);
  FileLock lock(descriptor);
  if (flock(descriptor, LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno != EWOULDBLOCK) return ErrorFromErrno(errno, "lock", path);
  return Error(ErrorCode::kDirectoryInUse,
               path +
                   " is in use, although its lock file is free: somebody deleted that while its "
                   "owner ran")
      .With("path", path);
}

Result<FileLock> FileLock::TryLock(const std::string& path) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const int descriptor =
        open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, kMode);
    if (descriptor < 0) return ErrorFromErrno(errno, "open", path);
    FileLock lock(descriptor);
    if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK) return InUse(descriptor, path);
      return ErrorFromErrno(errno, "lock", path);
    }
    // Somebody may have removed or replaced the file since it was opened: then we hold nothing.
    struct stat held {};
    struct stat named {};
    if (fstat(descriptor, &held) != 0) return ErrorFromErrno(errno, "stat", path);
    if (stat(path.c_str(), &named) != 0 || held.st_ino != named.st_ino ||
        held.st_dev != named.st_dev) {
      continue;
    }
    const std::string holder = "pid=" + std::to_string(getpid()) + "\nsince=" + Now() + "\n";
    // Over what the holder before wrote, so that it works on a full disk too. If it does not, the
    // owner is not kept out: it is only for people to read.
    const auto size = static_cast<ssize_t>(holder.size());
    if (pwrite(descriptor, holder.data(), holder.size(), 0) != size ||
        ftruncate(descriptor, size) != 0) {
      (void)!ftruncate(descriptor, 0);
    }
    return lock;
  }
  return Error(ErrorCode::kIo, path + " is replaced again and again by somebody else");
}

}  // namespace qalam
