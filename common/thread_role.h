#pragma once

#include <atomic>

#include "common/check.h"
#include "common/thread_annotations.h"

namespace qalam {

// Who a thread is, for ThreadRole: itself, or one it acts for.
class Actor {
 public:
  static const void* Current() { return acting_for_ != nullptr ? acting_for_ : &self_; }

  // For its lifetime this thread is `actor`, which must be asleep meanwhile, with a lock or the
  // like between what either does.
  class Scope {
   public:
    explicit Scope(const void* actor) : before_(acting_for_) { acting_for_ = actor; }
    ~Scope() { acting_for_ = before_; }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    const void* before_;
  };

 private:
  static inline thread_local char self_ = 0;
  static inline thread_local const void* acting_for_ = nullptr;
};

// Names the thread that owns something: the first that asserts becomes the owner, another aborts
// unless it acts for that one. Members of the owner are QALAM_GUARDED_BY(role), its public methods
// open with role.AssertHeld().
class QALAM_CAPABILITY("role") ThreadRole {
 public:
  void AssertHeld() const QALAM_ASSERT_CAPABILITY(this) {
    const void* const self = Actor::Current();
    const void* owner = owner_.load(std::memory_order_relaxed);
    if (owner == nullptr &&
        owner_.compare_exchange_strong(owner, self, std::memory_order_relaxed)) {
      return;
    }
    QALAM_CHECK(owner == self);
  }
  // Hands ownership over: the next that asserts is the owner. Call when no one else can run.
  void Release() { owner_.store(nullptr, std::memory_order_relaxed); }

 private:
  mutable std::atomic<const void*> owner_{nullptr};
};

}  // namespace qalam
