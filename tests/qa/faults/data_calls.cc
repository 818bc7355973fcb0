// Reading, writing and syncing, as the C library declares them: counted, and broken on cue.
#include <dirent.h>
#include <errno.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "tests/qa/faults/control.h"
#include "tests/qa/faults/sync_order.h"

using qalam::qa::CountDescriptor;
using qalam::qa::KillNow;
using qalam::qa::SomeOf;
using qalam::qa::Verdict;

namespace {

// A call on `size` bytes: `make(some)` does it with that many.
template <typename Make>
ssize_t Transfer(qalam::qa::CallKind kind, const char* name, int fd, size_t size, Make make) {
  switch (CountDescriptor(kind, name, fd, size)) {
    case Verdict::kFail:
      return -1;
    case Verdict::kShort:
      return make(SomeOf(size));
    case Verdict::kKillAfter:
      if (size >= 2) make(SomeOf(size));
      KillNow();
    case Verdict::kLie:  // Only of syncs.
    case Verdict::kGo:
      break;
  }
  return make(size);
}

size_t SizeOf(const iovec* parts, int count) {
  size_t size = 0;
  for (int i = 0; i < count; ++i) size += parts[i].iov_len;
  return size;
}

// The first `size` bytes of `parts`.
std::vector<iovec> Cut(const iovec* parts, int count, size_t size) {
  std::vector<iovec> cut;
  for (int i = 0; i < count && size > 0; ++i) {
    cut.push_back({parts[i].iov_base, std::min(parts[i].iov_len, size)});
    size -= cut.back().iov_len;
  }
  return cut;
}

template <typename Make>
ssize_t TransferParts(qalam::qa::CallKind kind, const char* name, int fd, const iovec* parts,
                      int count, Make make) {
  if (kind == qalam::qa::kWrite) qalam::qa::WatchWrite(fd, parts, count);
  const size_t whole = SizeOf(parts, count);
  return Transfer(kind, name, fd, whole, [&](size_t size) -> ssize_t {
    if (size == whole) return make(parts, count);
    const std::vector<iovec> cut = Cut(parts, count, size);
    return make(cut.data(), static_cast<int>(cut.size()));
  });
}

int Simple(qalam::qa::CallKind kind, const char* name, int fd, long number, long a = 0, long b = 0,
           long c = 0) {
  switch (CountDescriptor(kind, name, fd, 0)) {
    case Verdict::kFail:
      return -1;
    case Verdict::kLie:
      return 0;
    default:
      return static_cast<int>(syscall(number, fd, a, b, c));
  }
}

// A delay is a part of it, as on a slow disk.
int Sync(const char* name, int fd, long number) {
  const int slot = qalam::qa::BeginSync(fd);
  const int result = Simple(qalam::qa::kSync, name, fd, number);
  qalam::qa::EndSync(slot);
  return result;
}

}  // namespace

extern "C" {

ssize_t write(int fd, const void* data, size_t size) {
  return Transfer(qalam::qa::kWrite, "write", fd, size,
                  [&](size_t some) { return syscall(SYS_write, fd, data, some); });
}
ssize_t pwrite64(int fd, const void* data, size_t size, off64_t at) {
  const iovec part{const_cast<void*>(data), size};
  qalam::qa::WatchWrite(fd, &part, 1);
  return Transfer(qalam::qa::kWrite, "pwrite", fd, size,
                  [&](size_t some) { return syscall(SYS_pwrite64, fd, data, some, at); });
}
ssize_t pwrite(int fd, const void* data, size_t size, off_t at) {
  return pwrite64(fd, data, size, at);
}
ssize_t writev(int fd, const iovec* parts, int count) {
  return TransferParts(qalam::qa::kWrite, "writev", fd, parts, count,
                       [&](const iovec* some, int n) { return syscall(SYS_writev, fd, some, n); });
}
ssize_t pwritev64(int fd, const iovec* parts, int count, off64_t at) {
  return TransferParts(
      qalam::qa::kWrite, "pwritev", fd, parts, count,
      [&](const iovec* some, int n) { return syscall(SYS_pwritev, fd, some, n, at, 0); });
}
ssize_t pwritev(int fd, const iovec* parts, int count, off_t at) {
  return pwritev64(fd, parts, count, at);
}

ssize_t read(int fd, void* data, size_t size) {
  return Transfer(qalam::qa::kRead, "read", fd, size,
                  [&](size_t some) { return syscall(SYS_read, fd, data, some); });
}
ssize_t pread64(int fd, void* data, size_t size, off64_t at) {
  return Transfer(qalam::qa::kRead, "pread", fd, size,
                  [&](size_t some) { return syscall(SYS_pread64, fd, data, some, at); });
}
ssize_t pread(int fd, void* data, size_t size, off_t at) { return pread64(fd, data, size, at); }
ssize_t __read_chk(int fd, void* data, size_t size, size_t) { return read(fd, data, size); }
ssize_t __pread_chk(int fd, void* data, size_t size, off_t at, size_t) {
  return pread64(fd, data, size, at);
}
ssize_t __pread64_chk(int fd, void* data, size_t size, off64_t at, size_t) {
  return pread64(fd, data, size, at);
}
ssize_t preadv64(int fd, const iovec* parts, int count, off64_t at) {
  return TransferParts(qalam::qa::kRead, "preadv", fd, parts, count, [&](const iovec* some, int n) {
    return syscall(SYS_preadv, fd, some, n, at, 0);
  });
}
ssize_t preadv(int fd, const iovec* parts, int count, off_t at) {
  return preadv64(fd, parts, count, at);
}

int fsync(int fd) { return Sync("fsync", fd, SYS_fsync); }
int fdatasync(int fd) { return Sync("fdatasync", fd, SYS_fdatasync); }
int ftruncate64(int fd, off64_t size) noexcept {
  return Simple(qalam::qa::kTruncate, "ftruncate", fd, SYS_ftruncate, size);
}
int ftruncate(int fd, off_t size) noexcept { return ftruncate64(fd, size); }
int fallocate64(int fd, int mode, off64_t at, off64_t size) {
  return Simple(qalam::qa::kTruncate, "fallocate", fd, SYS_fallocate, mode, at, size);
}
int fallocate(int fd, int mode, off_t at, off_t size) { return fallocate64(fd, mode, at, size); }

int accept4(int fd, sockaddr* address, socklen_t* size, int flags) {
  if (qalam::qa::Count(qalam::qa::kAccept, "accept4", "socket") == Verdict::kFail) return -1;
  return static_cast<int>(syscall(SYS_accept4, fd, address, size, flags));
}
int accept(int fd, sockaddr* address, socklen_t* size) { return accept4(fd, address, size, 0); }

}  // extern "C"
