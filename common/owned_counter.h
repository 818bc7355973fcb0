#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace qalam {

// A count that one thread raises and any thread reads, without a lock and without an instruction
// that locks the bus. Thread: Add from its owner's; value from any.
class OwnedCounter {
 public:
  void Add(std::uint64_t more) {
    value_.store(value_.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
  }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// How often values fell below each of some bounds, likewise. A reader may see a value in its bucket
// before it sees it in the sum. Thread: as OwnedCounter.
class OwnedHistogram {
 public:
  static constexpr std::size_t kBucketsMax = 20;

  // Bucket i has values up to least * 4^i; the last one has all that are larger. `buckets` of them.
  constexpr OwnedHistogram(std::uint64_t least, std::size_t buckets)
      : least_(least), buckets_(buckets < kBucketsMax ? buckets : kBucketsMax) {}

  void Add(std::uint64_t value) {
    std::size_t bucket = 0;
    while (bucket + 1 < buckets_ && value > bound(bucket)) ++bucket;
    counts_[bucket].Add(1);
    sum_.Add(value);
  }

  std::size_t buckets() const { return buckets_; }
  std::uint64_t bound(std::size_t bucket) const { return least_ << (2 * bucket); }
  std::uint64_t count(std::size_t bucket) const { return counts_[bucket].value(); }
  std::uint64_t sum() const { return sum_.value(); }

 private:
  const std::uint64_t least_;
  const std::size_t buckets_;
  std::array<OwnedCounter, kBucketsMax> counts_;
  OwnedCounter sum_;
};

}  // namespace qalam
