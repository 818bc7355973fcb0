#include "common/json_string.h"

#include <cstdint>
#include <cstring>

namespace qalam {
namespace {

// Where the next byte is that a JSON string must escape; the size if there is none.
std::size_t NextSpecial(std::string_view text, std::size_t at) {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  const auto has_zero = [](std::uint64_t x) { return (x - kOnes) & ~x & (kOnes << 7); };
  for (; at + 8 <= text.size(); at += 8) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, text.data() + at, 8);
    const std::uint64_t below_space = (eight - kOnes * 0x20) & ~eight & (kOnes << 7);
    if ((below_space | has_zero(eight ^ kOnes * '"') | has_zero(eight ^ kOnes * '\\')) != 0) break;
  }
  for (; at < text.size(); ++at) {
    const auto c = static_cast<unsigned char>(text[at]);
    if (c < 0x20 || c == '"' || c == '\\') break;
  }
  return at;
}

}  // namespace

void AppendJsonQuoted(std::string_view text, std::string& out) {
  out.push_back('"');
  std::size_t plain = 0;
  for (std::size_t i = NextSpecial(text, 0); i < text.size(); i = NextSpecial(text, i + 1)) {
    const auto c = static_cast<unsigned char>(text[i]);
    out.append(text, plain, i - plain);
    plain = i + 1;
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        out += c < 0x10 ? "\\u000" : "\\u001";
        out.push_back("0123456789abcdef"[c & 15]);
    }
  }
  out.append(text, plain, text.size() - plain);
  out.push_back('"');
}

}  // namespace qalam
