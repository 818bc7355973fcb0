#include "client/cli/pacer.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <thread>

namespace qalam::cli {

abi0::Result<double> ParseRate(const std::string& text) {
  char* end = nullptr;
  double rate = std::strtod(text.c_str(), &end);
  std::string unit(end);
  if (unit.size() >= 2 && unit.substr(unit.size() - 2) == "/s") unit.resize(unit.size() - 2);
  if (unit == "k" || unit == "K")
    rate *= 1e3;
  else if (unit == "M" || unit == "m")
    rate *= 1e6;
  else if (!unit.empty() || end == text.c_str())
    rate = -1;
  if (!(rate > 0) || !std::isfinite(rate)) {
    return abi0::Error("INVALID_ARGUMENT", "\"" + text + "\" is no rate", false,
                       "Write records a second, such as 5k/s or 200/s.", {}, "");
  }
  return rate;
}

bool Pacer::TooEarly(std::uint64_t record) const {
  if (!limited()) return false;
  const auto now = Clock::now();
  const auto due = Due(record);
  if (now >= due) return false;
  // At least a quarter of a millisecond's records at a time: sleeping for each would cost more than
  // it is worth.
  std::this_thread::sleep_for(std::clamp<std::chrono::nanoseconds>(
      due - now, std::chrono::microseconds(250), std::chrono::milliseconds(50)));
  return true;
}

bool Throttle::Wait(const std::function<bool()>& stop) {
  if (per_second_ <= 0) return true;
  // What may go at once after a pause, and how long one sleep is.
  constexpr std::chrono::milliseconds kBurst(10);
  const std::chrono::nanoseconds step(static_cast<std::int64_t>(1e9 / per_second_));
  while (true) {
    const auto now = Clock::now();
    if (next_ < now - kBurst) next_ = now;
    if (next_ <= now + kBurst) break;
    if (stop()) return false;
    std::this_thread::sleep_for(
        std::min<std::chrono::nanoseconds>(next_ - now, std::chrono::milliseconds(50)));
  }
  next_ += step;
  return true;
}

}  // namespace qalam::cli
