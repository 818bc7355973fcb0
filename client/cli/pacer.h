#pragma once

#include <qalam/client.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

namespace qalam::cli {

// "5k/s", "200/s", "1M", "20000": records a second.
abi0::Result<double> ParseRate(const std::string& text);

// An open loop: every record is due at its own time since the start, however late the ones before
// it were. For measuring. Thread: its owner; Due from any.
class Pacer {
 public:
  using Clock = std::chrono::steady_clock;
  explicit Pacer(double per_second) : per_second_(per_second), begun_(Clock::now()) {}
  bool limited() const { return per_second_ > 0; }
  // Only when limited().
  Clock::time_point Due(std::uint64_t record) const {
    return begun_ + std::chrono::nanoseconds(
                        static_cast<std::int64_t>(static_cast<double>(record) / per_second_ * 1e9));
  }
  // True if `record` is still to come; waits a little then, so that the caller can look around.
  bool TooEarly(std::uint64_t record) const;
  Clock::time_point begun() const { return begun_; }

 private:
  const double per_second_;
  const Clock::time_point begun_;
};

// A limit: never more than this many a second, also after a pause. Thread: its owner.
class Throttle {
 public:
  explicit Throttle(double per_second) : per_second_(per_second) {}
  // Waits until the next record may go. False: `stop` said so first.
  bool Wait(const std::function<bool()>& stop);

 private:
  using Clock = std::chrono::steady_clock;
  double per_second_;  // 0: no limit.
  Clock::time_point next_{};
};

}  // namespace qalam::cli
