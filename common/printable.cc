#include "common/printable.h"

namespace qalam {
namespace {

constexpr std::size_t kShownMax = 64;

unsigned ByteAt(std::string_view text, std::size_t at) {
  return at < text.size() ? static_cast<unsigned char>(text[at]) : 0;
}

void AppendHex(std::string& out, char byte) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const auto value = static_cast<unsigned char>(byte);
  out += "\\x";
  out.push_back(kDigits[value >> 4]);
  out.push_back(kDigits[value & 0xf]);
}

}  // namespace

std::size_t Utf8Size(std::string_view text) {
  if (text.empty()) return 0;
  const unsigned lead = ByteAt(text, 0);
  if (lead < 0x80) return 1;
  // The second byte's range keeps out overlong forms, surrogates and what lies behind U+10FFFF.
  unsigned second_min = 0x80;
  unsigned second_max = 0xbf;
  std::size_t size = 0;
  if (lead >= 0xc2 && lead <= 0xdf) {
    size = 2;
  } else if (lead >= 0xe0 && lead <= 0xef) {
    size = 3;
    if (lead == 0xe0) second_min = 0xa0;
    if (lead == 0xed) second_max = 0x9f;
  } else if (lead >= 0xf0 && lead <= 0xf4) {
    size = 4;
    if (lead == 0xf0) second_min = 0x90;
    if (lead == 0xf4) second_max = 0x8f;
  } else {
    return 0;
  }
  const unsigned second = ByteAt(text, 1);
  if (second < second_min || second > second_max) return 0;
  for (std::size_t i = 2; i < size; ++i) {
    if ((ByteAt(text, i) & 0xc0) != 0x80) return 0;
  }
  return size;
}

std::string Printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t size = Utf8Size(text);
    const unsigned lead = ByteAt(text, 0);
    const bool is_control =
        lead < 0x20 || lead == 0x7f || (lead == 0xc2 && size == 2 && ByteAt(text, 1) < 0xa0);
    const std::size_t taken = size == 0 ? 1 : size;
    if (size == 0 || is_control) {
      for (const char byte : text.substr(0, taken)) AppendHex(out, byte);
    } else {
      out += text.substr(0, taken);
    }
    text.remove_prefix(taken);
  }
  return out;
}

std::string Quoted(std::string_view text) {
  std::size_t shown = text.size();
  if (shown > kShownMax) {
    shown = kShownMax;
    // Not in the middle of a character.
    while (shown > kShownMax - 4 && (ByteAt(text, shown) & 0xc0) == 0x80) --shown;
  }
  return "\"" + Printable(text.substr(0, shown)) + (shown < text.size() ? "\"..." : "\"");
}

}  // namespace qalam
