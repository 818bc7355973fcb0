#pragma once

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

#include <chrono>
#include <cstdint>

namespace qalam::abi0 {

// The wall clock for records that are sent in quick succession. Reading the clock would be the
// dearest part of taking a small record; within some ten microseconds, told by the processor's own
// counter, the last reading is good enough for milliseconds. Thread: its owner.
class RecordClock {
 public:
  // Milliseconds since 1970, UTC.
  std::int64_t NowMs() {
#if defined(__x86_64__)
    const std::uint64_t ticks = __rdtsc();
    // Unsigned: also a counter that went back is far away.
    if (ticks - read_at_ticks_ < kTicksGood) return now_ms_;
    read_at_ticks_ = ticks;
#endif
    now_ms_ = std::chrono::duration_cast<std::chrono::milliseconds>(
                  std::chrono::system_clock::now().time_since_epoch())
                  .count();
    return now_ms_;
  }

 private:
#if defined(__x86_64__)
  static constexpr std::uint64_t kTicksGood = 100'000;  // 20 to 50 us at 2 to 5 GHz.
  std::uint64_t read_at_ticks_ = 0;
#endif
  std::int64_t now_ms_ = 0;
};

}  // namespace qalam::abi0
