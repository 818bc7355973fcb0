#pragma once

#include <chrono>
#include <cstdint>

namespace qalam::abi0 {

struct RetryOptions {
  std::chrono::milliseconds first{50};
  std::chrono::milliseconds max{1'000};
};

// How long to wait before trying again: doubles with every failure up to `max`, spread by a fifth
// each way so that clients don't come back all at once. Thread: its owner.
class RetryPolicy {
 public:
  explicit RetryPolicy(RetryOptions options = {}, std::uint64_t seed = 0);

  std::chrono::nanoseconds NextDelay();
  void Reset() { failures_ = 0; }  // After a success.
  int failures() const { return failures_; }

 private:
  RetryOptions options_;
  std::uint64_t random_;
  int failures_ = 0;
};

}  // namespace qalam::abi0
