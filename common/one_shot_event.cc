#include "common/one_shot_event.h"

#include "common/futex.h"

namespace qalam {

void OneShotEvent::Happen() {
  if (state_.exchange(kHappened, std::memory_order_acq_rel) != kAwaited) return;
  FutexWake(state_);
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
