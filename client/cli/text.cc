#include "client/cli/text.h"

#include <fmt/format.h>
#include <time.h>

namespace qalam::cli {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

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
