#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <memory>

#include "common/check.h"

namespace qalam {

// An array that one thread appends to while any thread reads what was there when it asked for the
// size. Elements never move: chunk k holds twice as many as chunk k-1. Thread: Append from the
// owner, the rest from any.
template <typename T>
class AppendArray {
 public:
  std::size_t size() const { return size_.load(std::memory_order_acquire); }
  // `i` < a size() read before.
  const T& operator[](std::size_t i) const {
    const auto [chunk, at] = Locate(i);
    return chunks_[chunk][at];
  }
  void Append(const T& value) {
    const std::size_t i = size_.load(std::memory_order_relaxed);
    const auto [chunk, at] = Locate(i);
    QALAM_CHECK(chunk < kChunks);
    if (!chunks_[chunk]) chunks_[chunk] = std::make_unique<T[]>(kFirst << chunk);
    chunks_[chunk][at] = value;
    size_.store(i + 1, std::memory_order_release);
  }

 private:
  static constexpr std::size_t kFirst = 32;
  static constexpr std::size_t kChunks = 26;
  struct Place {
    std::size_t chunk;
    std::size_t at;
  };
  static Place Locate(std::size_t i) {
    const std::size_t scaled = i / kFirst + 1;
    const auto chunk = static_cast<std::size_t>(std::bit_width(scaled)) - 1;
    return {chunk, i - kFirst * ((std::size_t{1} << chunk) - 1)};
  }
  std::array<std::unique_ptr<T[]>, kChunks> chunks_;
  std::atomic<std::size_t> size_{0};
};

}  // namespace qalam
