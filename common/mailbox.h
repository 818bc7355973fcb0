#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <utility>
#include <vector>

#include "common/check.h"
#include "common/mutex.h"
#include "common/unique_function.h"

namespace qalam {

// Many threads post, one owner drains everything at once; the order of posting is the order of
// draining. Bounded: `TryPost` refuses when `commands_max` wait, `Post` (for the owner's own
// machinery: sync results, ticks, stop) is always taken. While the owner waits in Drain another
// thread may stand in for it, so that what it brings needs no thread to be woken.
// Thread: TryPost, Post, PostOrStandIn, OnRoom from any; Drain from the owner, or who stands in for
// it, only. It must outlive every call.
template <typename T>
class Mailbox {
 public:
  explicit Mailbox(std::size_t commands_max) : commands_max_(commands_max) {}

  // False when full or closed: `command` is then untouched. Whoever tries again on OnRoom must know
  // by itself that the mailbox was closed: there is "room" at once then, and never any in it.
  // `can_wait`: where it says so, the owner is not woken for this one: it could do nothing with it
  // yet, and will drain again, of itself or for a Post, after it has changed the answer.
  template <typename CanWait>
  bool TryPost(T& command, const CanWait& can_wait) {
    {
      MutexLock lock(mutex_);
      if (closed_ || queue_.size() >= commands_max_) return false;
      queue_.push_back(std::move(command));
      if (!waiting_ || can_wait()) return true;
    }
    ready_.NotifyOne();
    return true;
  }
  bool TryPost(T& command) {
    return TryPost(command, [] { return false; });
  }
  void Post(T command) {
    {
      MutexLock lock(mutex_);
      if (sealed_) return;  // `command` is destroyed on return, outside the lock.
      queue_.push_back(std::move(command));
      if (!waiting_) return;
    }
    ready_.NotifyOne();
  }
  // As Post. True: the owner waits, and is not woken; in its place the caller drains, without
  // patience, until it calls EndStandIn.
  bool PostOrStandIn(T command) {
    MutexLock lock(mutex_);
    if (sealed_) return false;
    queue_.push_back(std::move(command));
    if (!waiting_) return false;
    waiting_ = false;
    stood_in_for_ = true;
    return true;
  }
  // The owner goes on waiting, unless it is to be woken: `wake` (to look anew for how long it may),
  // its patience has passed, or there is something that came meanwhile and can't wait.
  template <typename CanWait>
  void EndStandIn(bool wake, const CanWait& can_wait) {
    {
      MutexLock lock(mutex_);
      stood_in_for_ = false;
      waiting_ = true;
      if (!wake && !patience_passed_ && std::all_of(queue_.begin(), queue_.end(), can_wait)) return;
    }
    ready_.NotifyOne();
  }
  // Calls `callback` once there is room, from the draining thread, or at once if there is already.
  void OnRoom(UniqueFunction<void()> callback) {
    {
      MutexLock lock(mutex_);
      if (!closed_ && queue_.size() >= commands_max_) {
        room_.push_back(std::move(callback));
        return;
      }
    }
    callback();
  }
  // Swaps everything that waits into `out` (which must be empty). Waits up to `patience` for the
  // first command; returns with nothing when that passes.
  void Drain(std::vector<T>& out, std::chrono::nanoseconds patience) {
    QALAM_CHECK(out.empty());
    std::vector<UniqueFunction<void()>> room;
    {
      MutexLock lock(mutex_);
      if (queue_.empty() && patience.count() > 0) {
        waiting_ = true;
        ready_.WaitFor(mutex_, patience);
        patience_passed_ = true;
        while (stood_in_for_) ready_.Wait(mutex_);
        patience_passed_ = false;
        waiting_ = false;
      }
      out.swap(queue_);
      room.swap(room_);
    }
    for (auto& callback : room) callback();
  }
  // From now on TryPost refuses. What was posted can still be drained.
  void Close() {
    std::vector<UniqueFunction<void()>> room;
    {
      MutexLock lock(mutex_);
      closed_ = true;
      room.swap(room_);
    }
    for (auto& callback : room) callback();
  }
  // The owner has gone: nothing is taken any more; Post drops what it is given. Returns what
  // waited.
  std::vector<T> Seal() {
    Close();
    MutexLock lock(mutex_);
    sealed_ = true;
    return std::exchange(queue_, {});
  }
  std::size_t size() const {
    MutexLock lock(mutex_);
    return queue_.size();
  }

 private:
  const std::size_t commands_max_;
  mutable Mutex mutex_;
  CondVar ready_;
  bool waiting_ QALAM_GUARDED_BY(mutex_) = false;  // The owner may be woken.
  bool stood_in_for_ QALAM_GUARDED_BY(mutex_) = false;
  bool patience_passed_ QALAM_GUARDED_BY(mutex_) = false;
  bool closed_ QALAM_GUARDED_BY(mutex_) = false;
  bool sealed_ QALAM_GUARDED_BY(mutex_) = false;
  std::vector<T> queue_ QALAM_GUARDED_BY(mutex_);
  std::vector<UniqueFunction<void()>> room_ QALAM_GUARDED_BY(mutex_);
};

}  // namespace qalam
