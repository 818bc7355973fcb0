#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>

#include "common/bytes.h"

// The hot loops' view of one encoded record: raw pointers, no copies, every bound checked.
//   length varint | attributes i8 | timestampDelta varlong | offsetDelta varint |
//   keyLength varint, key | valueLength varint, value | headersCount varint, headers
// Everything here is for common/record only; others use RecordCursor and BatchBuilder.
// Thread: any; no state.
namespace qalam::record_internal {

constexpr std::uint64_t ZigZag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}
constexpr std::int64_t UnZigZag64(std::uint64_t value) {
  return static_cast<std::int64_t>((value >> 1) ^ (0 - (value & 1)));
}
constexpr std::int32_t UnZigZag32(std::uint32_t value) {
  return static_cast<std::int32_t>((value >> 1) ^ (0 - (value & 1)));
}

inline constexpr std::size_t kVarintBytesMax = 5;
inline constexpr std::size_t kVarlongBytesMax = 10;

// Bytes that PutVarint writes: one for each 7 bits begun. The usual sizes by branches that are
// guessed right; counting bits costs more on many machines.
constexpr std::size_t VarintBytes(std::uint64_t value) {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  return (static_cast<std::size_t>(std::bit_width(value)) + 6) / 7;
}

std::byte* PutLongVarint(std::byte* to, std::uint64_t value);
// Writes `value` (zigzag applied already) and returns the position behind it.
inline std::byte* PutVarint(std::byte* to, std::uint64_t value) {
  if (value < 0x80) {
    to[0] = static_cast<std::byte>(value);
    return to + 1;
  }
  if (value < 0x4000) {
    to[0] = static_cast<std::byte>(value | 0x80);
    to[1] = static_cast<std::byte>(value >> 7);
    return to + 2;
  }
  return PutLongVarint(to, value);
}

// Reads an unsigned base-128 number of at most `bits` bits. Returns the position behind it, or
// null: cut off by `end`, too many bytes, or more than `bits` bits. Longer than needed is allowed.
template <typename U>
const std::byte* GetVarint(const std::byte* at, const std::byte* end, U& out) {
  constexpr int kBits = static_cast<int>(sizeof(U) * 8);
  U value = 0;
  for (int shift = 0; shift < kBits; shift += 7) {
    if (at == end) return nullptr;
    const auto byte = std::to_integer<std::uint8_t>(*at++);
    const U group = byte & 0x7F;
    if (shift + 7 > kBits && (group >> (kBits - shift)) != 0) return nullptr;
    value |= group << shift;
    if (byte < 0x80) {
      out = value;
      return at;
    }
  }
  return nullptr;
}

inline const std::byte* GetSigned(const std::byte* at, const std::byte* end, std::int32_t& out) {
  std::uint32_t raw = 0;
  at = GetVarint(at, end, raw);
  out = UnZigZag32(raw);
  return at;
}
inline const std::byte* GetSigned(const std::byte* at, const std::byte* end, std::int64_t& out) {
  std::uint64_t raw = 0;
  at = GetVarint(at, end, raw);
  out = UnZigZag64(raw);
  return at;
}

// What is wrong with a record, kept as numbers until somebody wants the sentence.
struct RecordFault {
  enum class Kind { kNotAVarint, kBelow, kBeyond, kLeftOver };
  Kind kind = Kind::kNotAVarint;
  const char* field = "";
  std::int64_t value = 0;
  std::int64_t limit = 0;  // kBelow: the least allowed; kBeyond: bytes left; kLeftOver: bytes used.

  std::string ToString() const;
};

struct RecordFields {
  std::int64_t timestamp_delta = 0;
  std::int32_t offset_delta = 0;
  std::int32_t key_length = 0;  // -1: null.
  const std::byte* key = nullptr;
  std::int32_t value_length = 0;  // -1: null.
  const std::byte* value = nullptr;
  std::int32_t headers_count = 0;
  const std::byte* headers = nullptr;
};

// Reads a length that is at least `least` and fits before `end`, and skips that many bytes. Returns
// the position behind them, or null and sets `fault`.
const std::byte* GetBlob(const std::byte* at, const std::byte* end, const char* field,
                         std::int32_t least, std::int32_t& length, const std::byte*& data,
                         RecordFault& fault);

// Parses any record at `at`. Returns the position behind it, or null and sets `fault`.
const std::byte* ParseAnyRecord(const std::byte* at, const std::byte* end, RecordFields& out,
                                RecordFault& fault);

// Reads a number of at most three bytes, which must be readable. False: it has more.
template <typename U>
inline bool GetShortVarint(const std::byte*& at, U& out) {
  const auto first = std::to_integer<U>(at[0]);
  if (first < 0x80) {
    out = first;
    at += 1;
    return true;
  }
  const auto second = std::to_integer<U>(at[1]);
  if (second < 0x80) {
    out = (first & 0x7F) | second << 7;
    at += 2;
    return true;
  }
  const auto third = std::to_integer<U>(at[2]);
  out = (first & 0x7F) | (second & 0x7F) << 7 | third << 14;
  at += 3;
  return third < 0x80;
}

// What most records are: short numbers, no headers, not the last bytes of the block. Accepts only
// what ParseAnyRecord accepts, with the same result; null says nothing but "ask ParseAnyRecord".
[[gnu::always_inline]] inline const std::byte* ParseCommonRecord(const std::byte* at,
                                                                 const std::byte* end,
                                                                 RecordFields& out) {
  // Length, attributes, two deltas and the key's length: so much is read without asking.
  constexpr std::ptrdiff_t kFixedBytesMax = 1 + 4 * 3;
  if (end - at < kFixedBytesMax) return nullptr;
  std::uint32_t code = 0;
  if (!GetShortVarint(at, code)) return nullptr;
  const std::int32_t length = UnZigZag32(code);
  if (length <= 0 || length > end - at) return nullptr;
  const std::byte* const stop = at + length;
  ++at;  // Attributes: no bits defined.
  std::uint64_t timestamp_code = 0;
  if (!GetShortVarint(at, timestamp_code)) return nullptr;
  out.timestamp_delta = UnZigZag64(timestamp_code);
  if (!GetShortVarint(at, code)) return nullptr;
  out.offset_delta = UnZigZag32(code);

  if (!GetShortVarint(at, code)) return nullptr;
  out.key_length = UnZigZag32(code);
  out.key = at;
  const std::ptrdiff_t key_bytes = out.key_length < 0 ? 0 : out.key_length;
  // Behind the key come at least the value's length (three bytes may be read) and the headers'
  // count.
  if (out.key_length < -1 || key_bytes > stop - at || end - at - key_bytes < 3) return nullptr;
  at += key_bytes;

  if (!GetShortVarint(at, code)) return nullptr;
  out.value_length = UnZigZag32(code);
  out.value = at;
  const std::ptrdiff_t value_bytes = out.value_length < 0 ? 0 : out.value_length;
  if (out.value_length < -1 || value_bytes != stop - at - 1) return nullptr;
  at += value_bytes;
  if (*at != std::byte{0}) return nullptr;
  out.headers_count = 0;
  out.headers = stop;
  return stop;
}

// Parses the record at `at`. Returns the position behind it, or null and sets `fault`.
inline const std::byte* ParseRecord(const std::byte* at, const std::byte* end, RecordFields& out,
                                    RecordFault& fault) {
  const std::byte* const next = ParseCommonRecord(at, end, out);
  if (next != nullptr) [[likely]] {
    return next;
  }
  return ParseAnyRecord(at, end, out, fault);
}

}  // namespace qalam::record_internal
