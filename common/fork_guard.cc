#include "common/fork_guard.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstring>

namespace qalam {
namespace {

constexpr std::size_t kSlots = 256;

std::array<std::atomic<int>, kSlots> guarded;  // Descriptor + 1; 0: free.
std::atomic<std::uint64_t> forks{0};

struct Name {
  sockaddr_storage address{};
  socklen_t size = 0;
};

bool NameOf(int descriptor, Name& name) {
  name.size = sizeof name.address;
  return ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&name.address), &name.size) == 0;
}

// A connection has its listener's name; its port is enough where that listens on every address.
bool SameName(const Name& a, const Name& b) {
  if (a.address.ss_family != b.address.ss_family) return false;
  if (a.address.ss_family == AF_INET) {
    return reinterpret_cast<const sockaddr_in&>(a.address).sin_port ==
           reinterpret_cast<const sockaddr_in&>(b.address).sin_port;
  }
  if (a.address.ss_family == AF_INET6) {
    return reinterpret_cast<const sockaddr_in6&>(a.address).sin6_port ==
           reinterpret_cast<const sockaddr_in6&>(b.address).sin6_port;
  }
  return a.size == b.size && std::memcmp(&a.address, &b.address, a.size) == 0;
}

// Calls `visit` for every open descriptor. In a forked child only what signal handlers may do is
// allowed: no opendir, which allocates.
template <typename Visit>
void ForEachDescriptor(Visit visit) {
  const int directory = ::open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return;
  alignas(8) std::array<char, 4096> entries;
  while (true) {
    const long got = ::syscall(SYS_getdents64, directory, entries.data(), entries.size());
    if (got <= 0) break;
    for (long at = 0; at < got;) {
      // struct linux_dirent64: inode and offset, 8 bytes each, 2 of length, 1 of type, the name.
      unsigned short length = 0;
      std::memcpy(&length, entries.data() + at + 16, sizeof length);
      const char* digits = entries.data() + at + 19;
      int descriptor = 0;
      bool number = *digits != '\0';
      for (; *digits != '\0'; ++digits) {
        number = number && *digits >= '0' && *digits <= '9';
        descriptor = descriptor * 10 + (*digits - '0');
      }
      if (number && descriptor != directory) visit(descriptor);
      at += length;
    }
  }
  ::close(directory);
}

void InChild() {
  forks.fetch_add(1);
  for (std::atomic<int>& slot : guarded) {
    const int descriptor = slot.exchange(0) - 1;
    if (descriptor < 0) continue;
    Name listener;
    int listening = 0;
    socklen_t size = sizeof listening;
    if (::getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 &&
        listening != 0 && NameOf(descriptor, listener)) {
      ForEachDescriptor([&](int other) {
        Name name;
        if (other != descriptor && NameOf(other, name) && SameName(name, listener)) {
          ::close(other);
        }
      });
    }
    ::close(descriptor);
  }
}

}  // namespace

void ForkGuard::CloseInChild(int descriptor) {
  (void)generation();
  for (std::atomic<int>& slot : guarded) {
    int free = 0;
    if (slot.compare_exchange_strong(free, descriptor + 1)) return;
  }
}

void ForkGuard::Forget(int descriptor) {
  for (std::atomic<int>& slot : guarded) {
    int mine = descriptor + 1;
    if (slot.compare_exchange_strong(mine, 0)) return;
  }
}

std::uint64_t ForkGuard::generation() {
  static const bool installed = ::pthread_atfork(nullptr, nullptr, InChild) == 0;
  (void)installed;
  return forks.load(std::memory_order_relaxed);
}

Error ForkedError() {
  return Error(ErrorCode::kForked, "this process was forked off one that used the library already");
}

}  // namespace qalam
