#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "common/clock.h"

namespace qalam {

// A clock that moves only when it is told to. Thread: any.
class ManualClock final : public Clock {
 public:
  // Some moment of 2023; and an hour since boot, so that subtracting a timeout stays positive.
  static constexpr TimestampMs kStartMs = 1'700'000'000'000;
  static constexpr MonotonicTime kStart = std::chrono::hours(1);

  explicit ManualClock(TimestampMs now_ms = kStartMs, MonotonicTime now = kStart)
      : now_ms_(now_ms), now_ns_(now.count()) {}

  TimestampMs NowMs() const override { return now_ms_.load(); }
  MonotonicTime Now() const override { return MonotonicTime(now_ns_.load()); }

  // Time passes: both clocks move.
  void Advance(std::chrono::nanoseconds time) {
    now_ns_ += time.count();
    now_ms_ += std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
  }
  // Somebody sets the wall clock, perhaps back: only that one moves.
  void SetWall(TimestampMs now_ms) { now_ms_ = now_ms; }
  void SetMonotonic(MonotonicTime now) { now_ns_ = now.count(); }

 private:
  std::atomic<TimestampMs> now_ms_;
  std::atomic<std::int64_t> now_ns_;
};

}  // namespace qalam
