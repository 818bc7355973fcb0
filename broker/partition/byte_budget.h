#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "common/mutex.h"
#include "common/unique_function.h"

namespace qalam {

// A bound on bytes that many share: what is queued and not yet answered. Thread: any. What waits
// for room is called back from whatever thread gives some back; it must not block.
class ByteBudget : public std::enable_shared_from_this<ByteBudget> {
 public:
  explicit ByteBudget(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  // A part of the budget, given back when it is destroyed.
  class Share {
   public:
    Share() = default;
    Share(Share&& other) noexcept
        : budget_(std::move(other.budget_)), bytes_(std::exchange(other.bytes_, 0)) {}
    Share& operator=(Share&& other) noexcept {
      if (this != &other) {
        Release();
        budget_ = std::move(other.budget_);
        bytes_ = std::exchange(other.bytes_, 0);
      }
      return *this;
    }
    ~Share() { Release(); }
    explicit operator bool() const { return budget_ != nullptr; }

   private:
    friend class ByteBudget;
    Share(std::shared_ptr<ByteBudget> budget, std::size_t bytes)
        : budget_(std::move(budget)), bytes_(bytes) {}
    void Release() {
      if (budget_) budget_->Give(bytes_);
      budget_.reset();
    }
    std::shared_ptr<ByteBudget> budget_;
    std::size_t bytes_ = 0;
  };

  // Empty when there is no room. A request larger than all of it is let through alone.
  Share TryTake(std::size_t bytes) {
    MutexLock lock(mutex_);
    if (used_ > 0 && used_ + bytes > bytes_max_) return {};
    used_ += bytes;
    return {shared_from_this(), bytes};
  }
  // Calls back when TryTake(bytes) may work, at once if it would now.
  void OnRoom(std::size_t bytes, UniqueFunction<void()> callback) {
    {
      MutexLock lock(mutex_);
      if (used_ > 0 && used_ + bytes > bytes_max_) {
        waiting_.push_back(std::move(callback));
        return;
      }
    }
    callback();
  }
  std::size_t used() const {
    MutexLock lock(mutex_);
    return used_;
  }

 private:
  void Give(std::size_t bytes) {
    std::vector<UniqueFunction<void()>> waiting;
    {
      MutexLock lock(mutex_);
      used_ -= bytes;
      if (used_ < bytes_max_ / 2) waiting.swap(waiting_);
    }
    for (auto& callback : waiting) callback();
  }

  const std::size_t bytes_max_;
  mutable Mutex mutex_;
  std::size_t used_ QALAM_GUARDED_BY(mutex_) = 0;
  std::vector<UniqueFunction<void()>> waiting_ QALAM_GUARDED_BY(mutex_);
};

}  // namespace qalam
