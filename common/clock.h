#pragma once

#include <chrono>

#include "common/ids.h"

namespace qalam {

// Time since boot, suspend included (CLOCK_BOOTTIME): for every time-out and interval. Never jumps.
using MonotonicTime = std::chrono::nanoseconds;

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
