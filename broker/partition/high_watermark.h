#pragma once

#include <atomic>
#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "common/ids.h"
#include "common/mutex.h"
#include "common/unique_function.h"

namespace qalam {

// The offset below which everything may be read, and those who wait for it to rise. Raised once per
// group; the waiters are woken elsewhere, never on the writer's thread (ReaderWakes). Thread:
// Raise, TakeWoken and Close from the writer (Close, at the stop, from who stops it); the rest from
// any.
class HighWatermark {
 public:
  using Wake = UniqueFunction<void()>;
  struct Ticket {
    Offset offset = 0;
    std::uint64_t number = 0;
    friend auto operator<=>(const Ticket&, const Ticket&) = default;
  };

  Offset Load() const { return value_.load(std::memory_order_acquire); }

  // Keeps `wake` until the watermark is above `offset`. Nothing: it is already, or closed, and
  // `wake` was dropped.
  std::optional<Ticket> Wait(Offset offset, Wake wake) {
    MutexLock lock(mutex_);
    if (closed_ || value_.load(std::memory_order_relaxed) > offset) return std::nullopt;
    const Ticket ticket{offset, ++last_number_};
    waiters_.emplace(ticket, std::move(wake));
    return ticket;
  }
  // False: it was woken, or is about to be.
  bool Cancel(const Ticket& ticket) {
    Wake dropped;  // Destroyed outside the lock.
    MutexLock lock(mutex_);
    const auto found = waiters_.find(ticket);
    if (found == waiters_.end()) return false;
    dropped = std::move(found->second);
    waiters_.erase(found);
    return true;
  }
  // True: there are those to be woken (TakeWoken). Never lowers.
  [[nodiscard]] bool Raise(Offset offset) {
    MutexLock lock(mutex_);
    if (offset > value_.load(std::memory_order_relaxed)) {
      value_.store(offset, std::memory_order_release);
    }
    return !waiters_.empty() && waiters_.begin()->first.offset < value_.load();
  }
  // Those who wait for what is there by now, at most so many, the furthest behind first.
  [[nodiscard]] std::vector<Wake> TakeWoken(std::size_t max) {
    MutexLock lock(mutex_);
    return Take(waiters_.lower_bound(Ticket{value_.load(), 0}), max);
  }
  // Nobody waits any more: the partition is gone or the broker stops.
  [[nodiscard]] std::vector<Wake> Close() {
    MutexLock lock(mutex_);
    closed_ = true;
    return Take(waiters_.end(), waiters_.size());
  }
  bool closed() const {
    MutexLock lock(mutex_);
    return closed_;
  }

 private:
  using Waiters = std::map<Ticket, Wake>;

  std::vector<Wake> Take(Waiters::iterator end, std::size_t max) QALAM_REQUIRES(mutex_) {
    std::vector<Wake> woken;
    for (auto it = waiters_.begin(); it != end && woken.size() < max; it = waiters_.erase(it)) {
      woken.push_back(std::move(it->second));
    }
    return woken;
  }

  std::atomic<Offset> value_{0};
  mutable Mutex mutex_;
  Waiters waiters_ QALAM_GUARDED_BY(mutex_);  // By offset.
  std::uint64_t last_number_ QALAM_GUARDED_BY(mutex_) = 0;
  bool closed_ QALAM_GUARDED_BY(mutex_) = false;
};

}  // namespace qalam
