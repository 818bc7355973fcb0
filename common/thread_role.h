#pragma once

#include <atomic>
#include <thread>

#include "common/check.h"
#include "common/thread_annotations.h"

namespace qalam {

// Names the thread that owns something: the first that asserts becomes the owner, another aborts.
// Members of the owner are QALAM_GUARDED_BY(role), its public methods open with role.AssertHeld().
class QALAM_CAPABILITY("role") ThreadRole {
 public:
  void AssertHeld() const QALAM_ASSERT_CAPABILITY(this) {
    const std::thread::id self = std::this_thread::get_id();
    std::thread::id owner = owner_.load(std::memory_order_relaxed);
    if (owner == std::thread::id() &&
        owner_.compare_exchange_strong(owner, self, std::memory_order_relaxed)) {
      return;
    }
    QALAM_CHECK(owner == self);
  }
  // Hands ownership over: the next that asserts is the owner. Call when no one else can run.
  void Release() { owner_.store(std::thread::id(), std::memory_order_relaxed); }

 private:
  mutable std::atomic<std::thread::id> owner_;
};

}  // namespace qalam
