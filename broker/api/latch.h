#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "common/clock.h"
#include "common/mutex.h"

namespace qalam {

// Waits until a number of parts have arrived. Thread: any.
class Latch {
 public:
  explicit Latch(std::size_t expected) : left_(expected) {}
  void Arrive() {
    MutexLock lock(mutex_);
    if (--left_ == 0) done_.NotifyAll();
  }
  void Wait() {
    MutexLock lock(mutex_);
    while (left_ > 0) done_.Wait(mutex_);
  }
  // False: `deadline` passed before.
  bool WaitUntil(const Clock& clock, MonotonicTime deadline) {
    MutexLock lock(mutex_);
    while (left_ > 0) {
      const MonotonicTime rest = deadline - clock.Now();
      if (rest.count() <= 0) return false;
      done_.WaitFor(mutex_, rest);
    }
    return true;
  }

 private:
  Mutex mutex_;
  CondVar done_;
  std::size_t left_ QALAM_GUARDED_BY(mutex_);
};

// One part of a Latch: arrives when it is destroyed, so that a task which is dropped instead of run
// keeps nobody waiting.
class Arrival {
 public:
  explicit Arrival(std::shared_ptr<Latch> latch) : latch_(std::move(latch)) {}
  Arrival(Arrival&&) noexcept = default;
  Arrival& operator=(Arrival&&) = delete;
  ~Arrival() {
    if (latch_) latch_->Arrive();
  }

 private:
  std::shared_ptr<Latch> latch_;
};

// Runs `work(i)` for every i below `count` on up to `threads_max` threads and waits for all.
template <typename Work>
void InParallel(std::size_t count, std::size_t threads_max, Work work) {
  std::atomic<std::size_t> next{0};
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < std::min(count, threads_max); ++t) {
    threads.emplace_back([&] {
      for (std::size_t i = next++; i < count; i = next++) work(i);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace qalam
