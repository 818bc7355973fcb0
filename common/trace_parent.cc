#include "common/trace_parent.h"

#include <algorithm>
#include <span>

namespace qalam {
namespace {

constexpr std::size_t kTextBytes = 55;  // 2 + 1 + 32 + 1 + 16 + 1 + 2.

// Small letters only, as the standard has it.
int Digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

bool ReadHex(std::string_view text, std::span<std::uint8_t> out) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    const int high = Digit(text[2 * i]);
    const int low = Digit(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    out[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return true;
}

void AddHex(std::span<const std::uint8_t> bytes, std::string& text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (const std::uint8_t byte : bytes) {
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 15]);
  }
}

bool IsZero(std::span<const std::uint8_t> bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

}  // namespace

std::optional<TraceParent> TraceParent::Parse(std::string_view text) {
  if (text.size() < kTextBytes || text[2] != '-' || text[35] != '-' || text[52] != '-') {
    return std::nullopt;
  }
  TraceParent trace;
  if (!ReadHex(text, {&trace.version, 1}) || !ReadHex(text.substr(3), trace.trace_id) ||
      !ReadHex(text.substr(36), trace.parent_id) || !ReadHex(text.substr(53), {&trace.flags, 1})) {
    return std::nullopt;
  }
  if (trace.version == 0xff || IsZero(trace.trace_id) || IsZero(trace.parent_id)) {
    return std::nullopt;
  }
  // A later version may say more behind another dash.
  if (text.size() > kTextBytes && (trace.version == 0 || text[kTextBytes] != '-')) {
    return std::nullopt;
  }
  return trace;
}

std::string TraceParent::ToString() const {
  std::string text;
  text.reserve(kTextBytes);
  AddHex({&version, 1}, text);
  text.push_back('-');
  AddHex(trace_id, text);
  text.push_back('-');
  AddHex(parent_id, text);
  text.push_back('-');
  AddHex({&flags, 1}, text);
  return text;
}

}  // namespace qalam
