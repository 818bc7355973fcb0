#include "common/utf8.h"

#include <cstdint>
#include <cstring>

namespace qalam {
namespace {

// The next eight bytes.
bool AreAscii(const char* bytes) {
  std::uint64_t eight = 0;
  std::memcpy(&eight, bytes, 8);
  return (eight & 0x8080808080808080) == 0;
}

}  // namespace

bool IsUtf8(std::string_view bytes) {
  std::size_t i = 0;
  while (i < bytes.size()) {
    const auto lead = static_cast<unsigned char>(bytes[i]);
    if (lead < 0x80) {
      i += i + 8 <= bytes.size() && AreAscii(bytes.data() + i) ? 8 : 1;
      continue;
    }
    const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || i + length > bytes.size()) return false;
    std::uint32_t code = lead & (0xffu >> (length + 1));
    for (std::size_t k = 1; k < length; ++k) {
      const auto next = static_cast<unsigned char>(bytes[i + k]);
      if ((next & 0xc0) != 0x80) return false;
      code = code << 6 | (next & 0x3f);
    }
    // Longer than needed, a surrogate, or beyond Unicode.
    if ((length == 3 && (code < 0x800 || (code >= 0xd800 && code < 0xe000))) ||
        (length == 4 && (code < 0x10000 || code > 0x10ffff))) {
      return false;
    }
    i += length;
  }
  return true;
}

std::string CleanUtf8(std::string_view bytes) {
  if (IsUtf8(bytes)) return std::string(bytes);
  std::string clean;
  for (const char c : bytes) {
    if (static_cast<unsigned char>(c) < 0x80)
      clean.push_back(c);
    else
      clean += "\xef\xbf\xbd";
  }
  return clean;
}

}  // namespace qalam
