#pragma once

#include <atomic>
#include <optional>
#include <vector>

#include "common/error.h"
#include "common/mutex.h"
#include "common/unique_function.h"

namespace qalam {

// Whether the log directory still works. One failed write or sync stops all of it, for good: what
// the disk does next can't be trusted, so no partition there acknowledges anything any more.
// Thread: any.
class LogDirectoryState {
 public:
  bool failed() const { return failed_.load(std::memory_order_acquire); }
  // kLogFailed with the first cause. Only after failed().
  Error error() const {
    MutexLock lock(mutex_);
    return Error(ErrorCode::kLogFailed, "the log directory stopped: " + cause_->message());
  }
  // Called once, with the cause, from the thread that found it; at once if that was before.
  void OnFailure(UniqueFunction<void(const Error&)> callback) {
    std::optional<Error> before;
    {
      MutexLock lock(mutex_);
      before = cause_;
      if (!before) callbacks_.push_back(std::move(callback));
    }
    if (before) callback(*before);
  }
  // The first cause counts.
  void Fail(const Error& cause) {
    std::vector<UniqueFunction<void(const Error&)>> callbacks;
    {
      MutexLock lock(mutex_);
      if (cause_) return;
      cause_ = cause;
      callbacks.swap(callbacks_);
      failed_.store(true, std::memory_order_release);
    }
    for (auto& callback : callbacks) callback(cause);
  }

 private:
  std::atomic<bool> failed_{false};
  mutable Mutex mutex_;
  std::optional<Error> cause_ QALAM_GUARDED_BY(mutex_);
  std::vector<UniqueFunction<void(const Error&)>> callbacks_ QALAM_GUARDED_BY(mutex_);
};

}  // namespace qalam
