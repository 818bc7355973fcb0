#include "client/cli/text.h"

#include <fmt/format.h>
#include <time.h>

#include <cstring>

namespace qalam::cli {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The next eight bytes.
bool AreAscii(const char* bytes) {
  std::uint64_t eight = 0;
  std::memcpy(&eight, bytes, 8);
  return (eight & 0x8080808080808080) == 0;
}

constexpr std::string_view kBase64Alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

bool TakeEscape(std::string_view& text, std::string& out) {
  if (text.empty()) return false;
  const char c = text.front();
  text.remove_prefix(1);
  switch (c) {
    case 'n':
      out.push_back('\n');
      return true;
    case 't':
      out.push_back('\t');
      return true;
    case 'r':
      out.push_back('\r');
      return true;
    case '0':
      out.push_back('\0');
      return true;
    case '\\':
      out.push_back('\\');
      return true;
    case 'x': {
      if (text.size() < 2 || HexDigit(text[0]) < 0 || HexDigit(text[1]) < 0) return false;
      out.push_back(static_cast<char>(HexDigit(text[0]) * 16 + HexDigit(text[1])));
      text.remove_prefix(2);
      return true;
    }
    default:
      return false;
  }
}

abi0::Result<std::string> Unescape(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const char c = text.front();
    text.remove_prefix(1);
    if (c != '\\') {
      out.push_back(c);
    } else if (!TakeEscape(text, out)) {
      return abi0::Error("INVALID_ARGUMENT",
                         "an escape is \\n \\t \\r \\0 \\\\ or \\xNN, and a backslash is two",
                         false, "", {}, "");
    }
  }
  return out;
}

std::string Hex(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    out.push_back("0123456789abcdef"[static_cast<unsigned char>(c) >> 4]);
    out.push_back("0123456789abcdef"[static_cast<unsigned char>(c) & 15]);
  }
  return out;
}

std::string Base64(std::string_view bytes) {
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : bytes) {
    bits = bits << 8 | static_cast<unsigned char>(c);
    for (count += 8; count >= 6; count -= 6)
      out.push_back(kBase64Alphabet[(bits >> (count - 6)) & 63]);
  }
  if (count > 0) out.push_back(kBase64Alphabet[(bits << (6 - count)) & 63]);
  while (out.size() % 4 != 0) out.push_back('=');
  return out;
}

std::optional<std::string> FromBase64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text.substr(0, text.size() - padding)) {
    const std::size_t value = kBase64Alphabet.find(c);
    if (value == std::string_view::npos) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out.push_back(static_cast<char>(bits >> count & 0xff));
  }
  return out;
}

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

std::string Rfc3339(std::int64_t ms) {
  if (ms < 0) return "-";
  return FormatTime("%Y-%m-%dT%H:%M:%S", ms) + fmt::format(".{:03}Z", ms % 1000);
}

std::string FormatTime(const std::string& pattern, std::int64_t ms) {
  const time_t seconds = static_cast<time_t>(ms / 1000);
  tm parts{};
  gmtime_r(&seconds, &parts);
  std::string out(256 + pattern.size() * 8, '\0');
  out.resize(strftime(out.data(), out.size(), pattern.c_str(), &parts));
  return out;
}

}  // namespace qalam::cli
