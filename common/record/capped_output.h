#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <span>

#include "common/bytes.h"

namespace qalam {

// Where a decompressor writes: grows by what was really produced, never by what the input claims,
// and up to one byte past the cap, so that "exactly the cap" and "more than the cap" differ.
// Thread: its owner. For common/record only.
class CappedOutput {
 public:
  // Fills `out` from its start; its old content is lost.
  CappedOutput(Bytes& out, std::size_t bytes_max, std::size_t input_bytes)
      : out_(out), bytes_max_(std::min(bytes_max, kBytesMaxEver)) {
    const std::size_t first = std::clamp(input_bytes * 4, kFirstBytesMin, kFirstBytesMax);
    out_.resize(std::min(first, bytes_max_ + 1));
  }

  // At least one free byte. Not to be called when over().
  std::span<std::byte> Room() {
    if (produced_ == out_.size()) out_.resize(std::min(out_.size() * 2, bytes_max_ + 1));
    return std::span(out_).subspan(produced_);
  }
  // Exactly `bytes` free bytes, for a caller who has proved that they will be filled.
  // bytes <= left().
  std::span<std::byte> Room(std::size_t bytes) {
    if (out_.size() - produced_ < bytes) {
      out_.resize(std::max(produced_ + bytes, std::min(out_.size() * 2, bytes_max_ + 1)));
    }
    return std::span(out_).subspan(produced_, bytes);
  }
  void Produced(std::size_t bytes) { produced_ += bytes; }
  bool over() const { return produced_ > bytes_max_; }
  std::size_t left() const { return over() ? 0 : bytes_max_ - produced_; }
  std::size_t bytes_max() const { return bytes_max_; }
  // Cuts the buffer to what was produced.
  void Finish() { out_.resize(produced_); }

 private:
  static constexpr std::size_t kFirstBytesMin = 4096;
  static constexpr std::size_t kFirstBytesMax = std::size_t{1} << 20;
  static constexpr std::size_t kBytesMaxEver = std::numeric_limits<std::size_t>::max() / 4;

  Bytes& out_;
  std::size_t bytes_max_;
  std::size_t produced_ = 0;
};

}  // namespace qalam
