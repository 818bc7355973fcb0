#include "common/one_shot_event.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <ctime>

namespace qalam {
namespace {

static_assert(sizeof(std::atomic<std::uint32_t>) == sizeof(std::uint32_t));

// Until another thread wakes it, `end` passes or, now and then, for no reason: see futex(2).
void FutexWait(std::atomic<std::uint32_t>& word, std::uint32_t expected,
               std::chrono::steady_clock::time_point end) {
  using Clock = std::chrono::steady_clock;
  timespec until{};
  const bool for_ever = end == Clock::time_point::max();
  if (!for_ever) {
    const auto at = std::max(end.time_since_epoch(), Clock::duration::zero());
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(at);
    until.tv_sec = seconds.count();
    until.tv_nsec = std::chrono::nanoseconds(at - seconds).count();
  }
  // FUTEX_WAIT_BITSET takes a point in time, of CLOCK_MONOTONIC.
  ::syscall(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE, expected, for_ever ? nullptr : &until,
            nullptr, FUTEX_BITSET_MATCH_ANY);
}

}  // namespace

void OneShotEvent::Happen() {
  if (state_.exchange(kHappened, std::memory_order_acq_rel) != kAwaited) return;
  ::syscall(SYS_futex, &state_, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
}

bool OneShotEvent::WaitUntil(std::chrono::steady_clock::time_point end) const {
  while (true) {
    std::uint32_t state = state_.load(std::memory_order_acquire);
    if (state == kHappened) return true;
    if (std::chrono::steady_clock::now() >= end) return false;
    if (state == kNotYet && !state_.compare_exchange_strong(state, kAwaited)) continue;
    FutexWait(state_, kAwaited, end);
  }
}

}  // namespace qalam
