#pragma once

#include <cstddef>
#include <cstdint>

#include "common/byte_order.h"
#include "common/bytes.h"
#include "common/check.h"

namespace qalam {

// Appends big-endian integers and bytes to `out`, which it borrows. Thread: a value.
class ByteWriter {
 public:
  explicit ByteWriter(Bytes& out) : out_(out) {}

  std::size_t size() const { return out_.size(); }

  void U8(std::uint8_t value) { out_.push_back(static_cast<std::byte>(value)); }
  void U16(std::uint16_t value) { StoreBig16(Grow(2), value); }
  void U32(std::uint32_t value) { StoreBig32(Grow(4), value); }
  void U64(std::uint64_t value) { StoreBig64(Grow(8), value); }
  void I8(std::int8_t value) { U8(static_cast<std::uint8_t>(value)); }
  void I16(std::int16_t value) { U16(static_cast<std::uint16_t>(value)); }
  void I32(std::int32_t value) { U32(static_cast<std::uint32_t>(value)); }
  void I64(std::int64_t value) { U64(static_cast<std::uint64_t>(value)); }
  void Put(BytesView bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }

  // Fills in four bytes written before: a length or a checksum of what followed.
  void PatchU32(std::size_t at, std::uint32_t value) {
    QALAM_CHECK(at <= out_.size() && out_.size() - at >= 4);
    StoreBig32(out_.data() + at, value);
  }

 private:
  std::byte* Grow(std::size_t count) {
    const std::size_t at = out_.size();
    out_.resize(at + count);
    return out_.data() + at;
  }

  Bytes& out_;
};

}  // namespace qalam
