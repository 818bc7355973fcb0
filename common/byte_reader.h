#pragma once

#include <cstddef>
#include <cstdint>

#include "common/byte_order.h"
#include "common/bytes.h"

namespace qalam {

// Walks over bytes that others wrote, big-endian, never beyond their end. Whoever reads past it
// gets zeros and ok() is false from then on, so a fixed layout is read first and checked once:
//   ByteReader reader(bytes);
//   const std::int16_t version = reader.I16();
//   const BytesView name = reader.Take(reader.U32());
//   if (!reader.ok()) return Error(...);
// It borrows the bytes. Thread: a value.
class ByteReader {
 public:
  explicit ByteReader(BytesView bytes) : rest_(bytes) {}

  bool ok() const { return ok_; }
  std::size_t remaining() const { return rest_.size(); }  // 0 once it is not ok.

  std::uint8_t U8() {
    const BytesView at = Take(1);
    return at.empty() ? std::uint8_t{0} : std::to_integer<std::uint8_t>(at[0]);
  }
  std::uint16_t U16() {
    const BytesView at = Take(2);
    return at.empty() ? std::uint16_t{0} : LoadBig16(at.data());
  }
  std::uint32_t U32() {
    const BytesView at = Take(4);
    return at.empty() ? 0 : LoadBig32(at.data());
  }
  std::uint64_t U64() {
    const BytesView at = Take(8);
    return at.empty() ? 0 : LoadBig64(at.data());
  }
  std::int8_t I8() { return static_cast<std::int8_t>(U8()); }
  std::int16_t I16() { return static_cast<std::int16_t>(U16()); }
  std::int32_t I32() { return static_cast<std::int32_t>(U32()); }
  std::int64_t I64() { return static_cast<std::int64_t>(U64()); }

  // The next `count` bytes; empty, and no longer ok, if there are fewer.
  BytesView Take(std::size_t count) {
    if (count > rest_.size()) {
      ok_ = false;
      rest_ = {};
      return {};
    }
    const BytesView taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    return taken;
  }

 private:
  BytesView rest_;
  bool ok_ = true;
};

}  // namespace qalam
