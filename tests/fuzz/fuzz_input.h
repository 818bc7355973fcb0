#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "common/bytes.h"

namespace qalam::fuzz {

// Takes an input apart from its beginning: numbers, and parts whose length of two bytes stands
// before them. At the end everything is 0 and empty. Thread: one.
class FuzzInput {
 public:
  explicit FuzzInput(BytesView bytes) : rest_(bytes) {}

  std::uint8_t Byte() { return static_cast<std::uint8_t>(Number(1)); }
  std::uint16_t Short() { return static_cast<std::uint16_t>(Number(2)); }
  std::uint32_t Word() { return static_cast<std::uint32_t>(Number(4)); }
  std::uint64_t Long() { return Number(8); }
  // The next part, or as much of it as there is.
  BytesView Part() {
    const std::size_t wanted = Short();
    const std::size_t size = std::min(wanted, rest_.size());
    const BytesView part = rest_.first(size);
    rest_ = rest_.subspan(size);
    return part;
  }
  BytesView Rest() const { return rest_; }
  bool empty() const { return rest_.empty(); }

 private:
  std::uint64_t Number(std::size_t bytes) {  // Big-endian.
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < bytes; ++i) {
      number <<= 8;
      if (rest_.empty()) continue;
      number |= std::to_integer<std::uint64_t>(rest_.front());
      rest_ = rest_.subspan(1);
    }
    return number;
  }

  BytesView rest_;
};

// The other way round, for seeds. Thread: one.
class FuzzInputWriter {
 public:
  FuzzInputWriter& Number(std::uint64_t number, std::size_t bytes) {
    for (std::size_t i = bytes; i-- > 0;) {
      bytes_.push_back(static_cast<std::byte>(number >> (8 * i)));
    }
    return *this;
  }
  FuzzInputWriter& Part(BytesView part) { return Number(part.size(), 2).Rest(part); }
  FuzzInputWriter& Part(std::string_view text) { return Part(AsBytes(text)); }
  FuzzInputWriter& Rest(BytesView rest) {
    bytes_.insert(bytes_.end(), rest.begin(), rest.end());
    return *this;
  }
  Bytes Take() { return std::move(bytes_); }

 private:
  Bytes bytes_;
};

}  // namespace qalam::fuzz
