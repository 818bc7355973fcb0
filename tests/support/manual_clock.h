#pragma once

#include <atomic>

#include "common/clock.h"

namespace qalam {

// A clock that stands still until it is told. Thread: any.
class ManualClock final : public Clock {
 public:
  TimestampMs NowMs() const override { return wall_ms_.load(); }
  MonotonicTime Now() const override { return MonotonicTime(now_.load()); }

  // Both clocks go on by `time`.
  void Advance(std::chrono::nanoseconds time) {
    now_.fetch_add(time.count());
    wall_ms_.fetch_add(std::chrono::duration_cast<std::chrono::milliseconds>(time).count());
  }
  // The wall clock jumps; the other does not notice.
  void SetWall(TimestampMs wall_ms) { wall_ms_.store(wall_ms); }

 private:
  std::atomic<std::int64_t> now_{std::int64_t{1'000'000'000'000}};
  std::atomic<TimestampMs> wall_ms_{1'700'000'000'000};
};

}  // namespace qalam
