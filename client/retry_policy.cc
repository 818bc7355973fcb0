#include "client/retry_policy.h"

#include <algorithm>
#include <random>

namespace qalam::abi0 {

RetryPolicy::RetryPolicy(RetryOptions options, std::uint64_t seed)
    : options_(options),
      random_(seed != 0 ? seed : (std::uint64_t{std::random_device{}()} << 1 | 1)) {}

std::chrono::nanoseconds RetryPolicy::NextDelay() {
  const int doublings = std::min(failures_, 16);
  ++failures_;
  const std::chrono::nanoseconds plain = std::min<std::chrono::nanoseconds>(
      options_.first * (std::int64_t{1} << doublings), options_.max);
  // xorshift64: 0.8 to 1.2 times the plain delay.
  random_ ^= random_ << 13;
  random_ ^= random_ >> 7;
  random_ ^= random_ << 17;
  const auto permille = static_cast<std::int64_t>(800 + random_ % 401);
  return plain / 1000 * permille;
}

}  // namespace qalam::abi0
