#include "tests/qa/faults/sync_order.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>

#include "tests/qa/faults/control.h"

namespace qalam::qa {
namespace {

constexpr int kSyncsMax = 64;
constexpr std::size_t kLookedAtMax = 4096;
std::atomic<ino_t> syncing[kSyncsMax];  // Files' numbers; 0: free.

// The number of the segment that `fd` is of, also where it was opened a second time; 0: no segment.
ino_t SegmentOf(int fd) {
  char link[64];
  char path[4096];
  snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
  const long got = syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof(path) - 1);
  if (got <= 0) return 0;
  path[got] = 0;
  constexpr char kSuffix[] = ".log";
  constexpr std::size_t kSuffixBytes = sizeof(kSuffix) - 1;
  const std::size_t size = strlen(path);
  if (!IsBelowRoot(path) || strstr(path, "/log/") == nullptr || size < kSuffixBytes ||
      strcmp(path + size - kSuffixBytes, kSuffix) != 0) {
    return 0;
  }
  struct stat status {};
  return fstat(fd, &status) == 0 ? status.st_ino : 0;
}

bool HasBatches(const iovec* parts, int count) {
  for (int i = 0; i < count; ++i) {
    const auto* const bytes = static_cast<const char*>(parts[i].iov_base);
    const std::size_t size = std::min(parts[i].iov_len, kLookedAtMax);
    if (std::any_of(bytes, bytes + size, [](char byte) { return byte != 0; })) return true;
  }
  return false;
}

}  // namespace

int BeginSync(int fd) {
  if (SharedControl() == nullptr) return -1;
  const int kept = errno;
  const ino_t file = SegmentOf(fd);
  errno = kept;
  if (file == 0) return -1;
  for (int slot = 0; slot < kSyncsMax; ++slot) {
    ino_t free = 0;
    if (syncing[slot].compare_exchange_strong(free, file)) return slot;
  }
  return -1;
}

void EndSync(int slot) {
  if (slot >= 0) syncing[slot].store(0);
}

void WatchWrite(int fd, const iovec* parts, int count) {
  Control* const control = SharedControl();
  if (control == nullptr) return;
  if (std::none_of(syncing, syncing + kSyncsMax, [](const auto& file) { return file != 0; })) {
    return;
  }
  const int kept = errno;
  const ino_t file = SegmentOf(fd);
  errno = kept;
  if (file == 0 || !HasBatches(parts, count)) return;
  if (std::any_of(syncing, syncing + kSyncsMax, [&](const auto& each) { return each == file; })) {
    ++control->overtaken;
  }
}

}  // namespace qalam::qa
