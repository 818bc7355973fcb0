#pragma once

#include <array>
#include <bit>
#include <chrono>
#include <cstdint>

namespace qalam::cli {

// Durations by log-linear buckets: 64 linear steps in every power of two of nanoseconds, so a
// percentile is off by at most 1.6 %. Thread: one at a time.
class Histogram {
 public:
  void Add(std::chrono::nanoseconds duration, std::uint64_t count = 1) {
    const auto ns = static_cast<std::uint64_t>(duration.count() < 0 ? 0 : duration.count());
    buckets_[BucketOf(ns)] += count;
    count_ += count;
    if (ns > max_ns_) max_ns_ = ns;
  }
  void Merge(const Histogram& other) {
    for (std::size_t i = 0; i < buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
    count_ += other.count_;
    if (other.max_ns_ > max_ns_) max_ns_ = other.max_ns_;
  }
  std::uint64_t count() const { return count_; }
  // Milliseconds at quantile `q` in 0..1; 0 when empty.
  double Quantile(double q) const {
    if (count_ == 0) return 0;
    auto rank = static_cast<std::uint64_t>(q * static_cast<double>(count_));
    if (rank >= count_) rank = count_ - 1;
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
      seen += buckets_[i];
      if (seen > rank)
        return static_cast<double>(UpperEnd(i) < max_ns_ ? UpperEnd(i) : max_ns_) / 1e6;
    }
    return Max();
  }
  double Max() const { return static_cast<double>(max_ns_) / 1e6; }

 private:
  static constexpr unsigned kStepBits = 6;
  static constexpr std::uint64_t kSteps = std::uint64_t{1} << kStepBits;
  static std::size_t BucketOf(std::uint64_t ns) {
    if (ns < kSteps) return static_cast<std::size_t>(ns);
    const auto shift = static_cast<unsigned>(std::bit_width(ns)) - kStepBits - 1;
    return static_cast<std::size_t>((std::uint64_t{shift} + 1) * kSteps + ((ns >> shift) - kSteps));
  }
  static std::uint64_t UpperEnd(std::size_t bucket) {
    if (bucket < kSteps) return bucket;
    const std::uint64_t shift = bucket / kSteps - 1;
    return ((bucket % kSteps + kSteps + 1) << shift) - 1;
  }
  std::array<std::uint64_t, (64 - kStepBits + 1) * kSteps> buckets_{};
  std::uint64_t count_ = 0;
  std::uint64_t max_ns_ = 0;
};

}  // namespace qalam::cli
