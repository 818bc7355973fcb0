#include "qalam/record.h"

namespace qalam::abi0 {
namespace {

// Reads a zigzag varint. False at the end of the bytes.
bool ReadLength(const char*& at, const char* end, std::int64_t& out) noexcept {
  std::uint64_t raw = 0;
  for (int shift = 0; shift < 35; shift += 7) {
    if (at == end) return false;
    const auto byte = static_cast<std::uint8_t>(*at++);
    raw |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) {
      out = static_cast<std::int64_t>(raw >> 1) ^ -static_cast<std::int64_t>(raw & 1);
      return true;
    }
  }
  return false;
}

}  // namespace

std::optional<HeaderView> HeaderReader::Next() noexcept {
  if (left_ <= 0) return std::nullopt;
  --left_;
  std::int64_t length = 0;
  HeaderView header;
  if (!ReadLength(at_, end_, length) || length < 0 || length > end_ - at_) {
    left_ = 0;
    return std::nullopt;
  }
  header.key = std::string_view(at_, static_cast<std::size_t>(length));
  at_ += length;
  if (!ReadLength(at_, end_, length) || length > end_ - at_) {
    left_ = 0;
    return std::nullopt;
  }
  if (length >= 0) {
    header.value = std::string_view(at_, static_cast<std::size_t>(length));
    at_ += length;
  }
  return header;
}

}  // namespace qalam::abi0
