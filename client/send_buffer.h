#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>

#include "client/pending_batch.h"
#include "common/mutex.h"

namespace qalam::abi0 {

// Lets threads wait for what other threads bring about: room, verdicts, the end of streams. Costs
// those others nothing while nobody waits. Thread: any.
class Progress {
 public:
  // Something changed. Called with no lock held that a condition takes.
  void Notify();
  // Looks at `condition`, with no lock held, whenever something changed. False: `end` passed first.
  bool WaitFor(TimePoint end, const std::function<bool()>& condition);

 private:
  Mutex mutex_;
  CondVar changed_;
  std::uint64_t changes_count_ QALAM_GUARDED_BY(mutex_) = 0;
  std::atomic<int> waiters_{0};
};

// The bytes that a producer may hold. Thread: any.
class SendBuffer {
 public:
  SendBuffer(std::size_t bytes_max, Progress& progress)
      : bytes_max_(bytes_max), progress_(progress) {}

  bool TryReserve(std::size_t bytes);
  void Release(std::size_t bytes);
  std::size_t reserved_bytes() const { return reserved_.load(std::memory_order_relaxed); }
  std::size_t bytes_max() const { return bytes_max_; }

 private:
  const std::size_t bytes_max_;
  Progress& progress_;
  std::atomic<std::size_t> reserved_{0};
};

}  // namespace qalam::abi0
