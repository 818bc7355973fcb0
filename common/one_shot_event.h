#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace qalam {

// Happens once; many may wait for it. Unlike with a lock and a condition variable, all of them go
// on at once when it does: none waits for a lock that the others hold. Thread: any.
class OneShotEvent {
 public:
  bool has_happened() const { return state_.load(std::memory_order_acquire) == kHappened; }
  // What the caller did before is seen by whoever finds that it has happened. Once.
  void Happen();
  void Wait() const { WaitUntil(std::chrono::steady_clock::time_point::max()); }
  // False: `end` passed first.
  bool WaitUntil(std::chrono::steady_clock::time_point end) const;

 private:
  static constexpr std::uint32_t kNotYet = 0;
  static constexpr std::uint32_t kAwaited = 1;  // Not yet, and somebody waits in the kernel.
  static constexpr std::uint32_t kHappened = 2;
  mutable std::atomic<std::uint32_t> state_{kNotYet};
};

}  // namespace qalam
