#include "common/futex.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <ctime>

namespace qalam {
namespace {

using Clock = std::chrono::steady_clock;

static_assert(sizeof(std::atomic<std::uint32_t>) == sizeof(std::uint32_t));

void Wait(std::atomic<std::uint32_t>& word, int operation, std::uint32_t expected,
          Clock::time_point end) {
  timespec until{};
  const bool for_ever = end == Clock::time_point::max();
  if (!for_ever) {
    const auto at = std::max(end.time_since_epoch(), Clock::duration::zero());
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(at);
    until.tv_sec = seconds.count();
    until.tv_nsec = std::chrono::nanoseconds(at - seconds).count();
  }
  // FUTEX_WAIT_BITSET takes a point in time, of CLOCK_MONOTONIC.
  ::syscall(SYS_futex, &word, operation, expected, for_ever ? nullptr : &until, nullptr,
            FUTEX_BITSET_MATCH_ANY);
}

}  // namespace

void FutexWait(std::atomic<std::uint32_t>& word, std::uint32_t expected, Clock::time_point end) {
  Wait(word, FUTEX_WAIT_BITSET_PRIVATE, expected, end);
}

void FutexWaitShared(std::atomic<std::uint32_t>& word, std::uint32_t expected,
                     Clock::time_point end) {
  Wait(word, FUTEX_WAIT_BITSET, expected, end);
}

void FutexWake(std::atomic<std::uint32_t>& word) {
  ::syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
}

void FutexWakeShared(std::atomic<std::uint32_t>& word) {
  ::syscall(SYS_futex, &word, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

}  // namespace qalam
