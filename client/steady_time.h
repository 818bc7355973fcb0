#pragma once

#include <chrono>

namespace qalam::abi0 {

using SteadyClock = std::chrono::steady_clock;
using TimePoint = SteadyClock::time_point;

// A longer wait is cut to this: now + a wait then never overflows.
inline constexpr std::chrono::milliseconds kTimeoutMax = std::chrono::hours(24 * 365);

}  // namespace qalam::abi0
