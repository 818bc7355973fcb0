#pragma once

#include <chrono>
#include <cstdint>

#include "common/ids.h"

namespace qalam {

// Time since boot, suspend included (CLOCK_BOOTTIME): for every time-out and interval. Never jumps.
using MonotonicTime = std::chrono::nanoseconds;

// Longer than any process runs. A setting may name a longer time, but not one that can be added to
// a MonotonicTime: that holds 292 years.
inline constexpr std::chrono::milliseconds kForever = std::chrono::hours(24) * 365 * 100;
constexpr std::chrono::milliseconds AtMostForever(std::int64_t ms) {
  return ms < kForever.count() ? std::chrono::milliseconds(ms) : kForever;
}

// The seam for time. Real: SystemClock. In tests: ManualClock. Thread: any.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimestampMs NowMs() const = 0;  // Wall clock: only for what users see, and for retention.
  virtual MonotonicTime Now() const = 0;
};

class SystemClock final : public Clock {
 public:
  TimestampMs NowMs() const override;
  MonotonicTime Now() const override;
  static const SystemClock& Get();
};

}  // namespace qalam
