#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "common/ids.h"
#include "common/mutex.h"
#include "common/unique_function.h"

namespace qalam {

// The offset below which everything may be read, and those who wait for it to rise. Raised once per
// group; waiters are woken on a pool, never on the writer's thread. Thread: Raise and Close from
// the writer, the rest from any.
class HighWatermark {
 public:
  using Wake = UniqueFunction<void()>;
  using Ticket = std::uint64_t;

  Offset Load() const { return value_.load(std::memory_order_acquire); }

  // Keeps `wake` until the watermark is above `offset`. 0: it is already, or closed; `wake` is
  // dropped.
  Ticket Wait(Offset offset, Wake wake) {
    MutexLock lock(mutex_);
    if (closed_ || value_.load(std::memory_order_relaxed) > offset) return 0;
    waiters_.push_back({++last_ticket_, offset, std::move(wake)});
    return last_ticket_;
  }
  // False: it was woken, or is about to be.
  bool Cancel(Ticket ticket) {
    Wake dropped;  // Destroyed outside the lock.
    MutexLock lock(mutex_);
    for (Waiter& waiter : waiters_) {
      if (waiter.ticket != ticket) continue;
      dropped = std::move(waiter.wake);
      if (&waiter != &waiters_.back()) waiter = std::move(waiters_.back());
      waiters_.pop_back();
      return true;
    }
    return false;
  }
  // Returns those to be woken. Never lowers.
  [[nodiscard]] std::vector<Wake> Raise(Offset offset) {
    std::vector<Wake> woken;
    MutexLock lock(mutex_);
    if (offset <= value_.load(std::memory_order_relaxed)) return woken;
    value_.store(offset, std::memory_order_release);
    std::size_t kept = 0;
    for (std::size_t i = 0; i < waiters_.size(); ++i) {
      if (waiters_[i].offset < offset) {
        woken.push_back(std::move(waiters_[i].wake));
      } else {
        if (kept != i) waiters_[kept] = std::move(waiters_[i]);
        ++kept;
      }
    }
    waiters_.resize(kept);
    return woken;
  }
  // Nobody waits any more: the partition is gone or the broker stops.
  [[nodiscard]] std::vector<Wake> Close() {
    std::vector<Wake> woken;
    MutexLock lock(mutex_);
    closed_ = true;
    for (Waiter& waiter : waiters_) woken.push_back(std::move(waiter.wake));
    waiters_.clear();
    return woken;
  }

 private:
  struct Waiter {
    Ticket ticket = 0;
    Offset offset = 0;
    Wake wake;
  };
  std::atomic<Offset> value_{0};
  mutable Mutex mutex_;
  std::vector<Waiter> waiters_ QALAM_GUARDED_BY(mutex_);
  Ticket last_ticket_ QALAM_GUARDED_BY(mutex_) = 0;
  bool closed_ QALAM_GUARDED_BY(mutex_) = false;
};

}  // namespace qalam
