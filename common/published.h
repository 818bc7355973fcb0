#pragma once

#include <memory>
#include <utility>

#include "common/mutex.h"

namespace qalam {

// A pointer to an immutable value that one thread replaces and any thread reads. A reader keeps
// what it loaded for as long as it likes. The lock is held for the copy of a pointer only (GCC 12's
// atomic<shared_ptr> alarms TSan). Thread: any.
template <typename T>
class Published {
 public:
  Published() = default;
  explicit Published(std::shared_ptr<const T> value) : value_(std::move(value)) {}

  std::shared_ptr<const T> Load() const {
    MutexLock lock(mutex_);
    return value_;
  }
  void Store(std::shared_ptr<const T> value) {
    {
      MutexLock lock(mutex_);
      value_.swap(value);
    }
    // The old value, if we were its last owner, is destroyed here, outside the lock.
  }

 private:
  mutable Mutex mutex_;
  std::shared_ptr<const T> value_ QALAM_GUARDED_BY(mutex_);
};

}  // namespace qalam
