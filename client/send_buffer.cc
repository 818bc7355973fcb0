#include "client/send_buffer.h"

#include <chrono>

namespace qalam::abi0 {

void Progress::Notify() {
  if (waiters_.load() == 0) return;
  MutexLock lock(mutex_);
  ++changes_count_;
  changed_.NotifyAll();
}

bool Progress::WaitFor(TimePoint end, const std::function<bool()>& condition) {
  waiters_.fetch_add(1);
  bool held = false;
  while (true) {
    std::uint64_t seen = 0;
    {
      MutexLock lock(mutex_);
      seen = changes_count_;
    }
    held = condition();
    if (held || std::chrono::steady_clock::now() >= end) break;
    MutexLock lock(mutex_);
    while (changes_count_ == seen) {
      const auto left = end - std::chrono::steady_clock::now();
      if (left.count() <= 0) break;
      changed_.WaitFor(mutex_, left);
    }
  }
  waiters_.fetch_sub(1);
  return held;
}

bool SendBuffer::TryReserve(std::size_t bytes) {
  std::size_t now = reserved_.load();
  do {
    if (now + bytes > bytes_max_) return false;
  } while (!reserved_.compare_exchange_weak(now, now + bytes));
  return true;
}

void SendBuffer::Release(std::size_t bytes) {
  reserved_.fetch_sub(bytes);
  progress_.Notify();
}

}  // namespace qalam::abi0
