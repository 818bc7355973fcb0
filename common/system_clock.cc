#include <time.h>

#include "common/clock.h"

namespace qalam {
namespace {

std::chrono::nanoseconds Read(clockid_t id) {
  timespec at{};
  clock_gettime(id, &at);
  return std::chrono::seconds(at.tv_sec) + std::chrono::nanoseconds(at.tv_nsec);
}

}  // namespace

TimestampMs SystemClock::NowMs() const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(Read(CLOCK_REALTIME)).count();
}

MonotonicTime SystemClock::Now() const { return Read(CLOCK_BOOTTIME); }

const SystemClock& SystemClock::Get() {
  static const SystemClock clock;
  return clock;
}

}  // namespace qalam
