#include "tests/qa/load/payload.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>

namespace qalam::qa {
namespace {

std::uint32_t Crc(std::uint32_t crc, std::string_view bytes) {
  return static_cast<std::uint32_t>(
      crc32_z(crc, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

}  // namespace

std::string MakeToken(std::string_view producer, std::int64_t seq) {
  return fmt::format("{}-{}", producer, seq);
}

std::string MakeValue(std::string_view token, std::size_t value_bytes) {
  std::string value(token);
  value += '|';
  std::uint64_t state = Crc(0, token) | 1;
  while (value.size() < value_bytes) {
    // xorshift64: cheap, and the same everywhere.
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    for (int i = 0; i < 8 && value.size() < value_bytes; ++i) {
      value += static_cast<char>(state >> (8 * i));
    }
  }
  return value;
}

std::optional<std::string> TokenOf(std::string_view key, std::string_view value) {
  const std::size_t end = value.find('|');
  if (end == std::string_view::npos || end == 0) return std::nullopt;
  const std::string_view token = value.substr(0, end);
  const std::size_t dash = token.rfind('-');
  if (dash == std::string_view::npos || token.substr(0, dash) != key) return std::nullopt;
  const bool plain = std::all_of(token.begin(), token.end(), [](char c) {
    return c > ' ' && c < 0x7f && c != '"' && c != '\\';
  });
  if (!plain) return std::nullopt;
  return std::string(token);
}

std::string DigestOf(std::string_view key, std::string_view value) {
  return fmt::format("{:08x}", Crc(Crc(0, key), value));
}

}  // namespace qalam::qa
