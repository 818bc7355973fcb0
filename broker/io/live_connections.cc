#include "broker/io/live_connections.h"

#include <sys/socket.h>

#include <chrono>

namespace qalam {
namespace {

// At the cap, every connection attempt would sweep; most of them need not.
constexpr std::chrono::milliseconds kSweepInterval{50};

// 0: not a socket, or closed.
std::uint64_t CookieOf(int descriptor) {
  std::uint64_t cookie = 0;
  socklen_t size = sizeof cookie;
  if (::getsockopt(descriptor, SOL_SOCKET, SO_COOKIE, &cookie, &size) != 0) return 0;
  return cookie;
}

}  // namespace

bool LiveConnections::Admit(int descriptor) {
  const std::uint64_t cookie = CookieOf(descriptor);
  if (cookie == 0) return false;
  MutexLock lock(mutex_);
  cookies_.erase(descriptor);  // The number was free to be used again: its connection is gone.
  if (cookies_.size() >= max_ && clock_.Now() >= next_sweep_) Sweep();
  if (cookies_.size() >= max_) return false;
  cookies_[descriptor] = cookie;
  return true;
}

std::size_t LiveConnections::Count() {
  MutexLock lock(mutex_);
  Sweep();
  return cookies_.size();
}

void LiveConnections::Sweep() {
  next_sweep_ = clock_.Now() + kSweepInterval;
  for (auto it = cookies_.begin(); it != cookies_.end();) {
    it = CookieOf(it->first) == it->second ? std::next(it) : cookies_.erase(it);
  }
}

}  // namespace qalam
