#include "common/ids.h"

#include <sys/random.h>

#include <algorithm>

#include "common/check.h"
#include "common/printable.h"

namespace qalam {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::size_t kTextSize = 22;
constexpr std::size_t kTopicNameMax = 249;

}  // namespace

Uuid Uuid::Random() {
  constexpr std::uint8_t kDash = 0xf8;  // The six bits that are written as '-'.
  Uuid uuid;
  do {
    QALAM_CHECK(getrandom(uuid.bytes.data(), uuid.bytes.size(), 0) ==
                static_cast<ssize_t>(uuid.bytes.size()));
  } while ((uuid.bytes[0] & 0xfc) == kDash);  // A command line would take it for an option.
  uuid.bytes[6] = static_cast<std::uint8_t>((uuid.bytes[6] & 0x0f) | 0x40);  // RFC 4122, version 4
  uuid.bytes[8] = static_cast<std::uint8_t>((uuid.bytes[8] & 0x3f) | 0x80);
  return uuid;
}

std::string Uuid::ToString() const {
  std::string text;
  text.reserve(kTextSize);
  std::uint32_t bits = 0;
  int count = 0;
  for (const std::uint8_t byte : bytes) {
    bits = (bits << 8) | byte;
    count += 8;
    while (count >= 6) {
      count -= 6;
      text.push_back(kAlphabet[(bits >> count) & 0x3f]);
    }
  }
  text.push_back(kAlphabet[(bits << (6 - count)) & 0x3f]);
  return text;
}

Result<Uuid> Uuid::Parse(std::string_view text) {
  const Error bad(ErrorCode::kInvalidArgument,
                  "not a UUID of 22 base64url characters: " + Quoted(text));
  if (text.size() != kTextSize) return bad;
  Uuid uuid;
  std::uint32_t bits = 0;
  int count = 0;
  std::size_t at = 0;
  for (const char c : text) {
    const std::size_t value = kAlphabet.find(c);
    if (value == std::string_view::npos) return bad;
    bits = (bits << 6) | static_cast<std::uint32_t>(value);
    count += 6;
    if (count >= 8 && at < uuid.bytes.size()) {
      count -= 8;
      uuid.bytes[at++] = static_cast<std::uint8_t>(bits >> count);
    }
  }
  if ((bits & ((1u << count) - 1)) != 0) return bad;  // Stray bits: not what ToString() writes.
  return uuid;
}

Status ValidateTopicName(std::string_view name) {
  if (name.empty()) return Error(ErrorCode::kInvalidTopicName, "a topic name can't be empty");
  if (name.size() > kTopicNameMax) {
    return Error(ErrorCode::kInvalidTopicName,
                 "topic name of " + std::to_string(name.size()) + " characters is longer than " +
                     std::to_string(kTopicNameMax) + ": " + Quoted(name));
  }
  if (name == "." || name == "..") {
    return Error(ErrorCode::kInvalidTopicName, "a topic can't be named " + Quoted(name));
  }
  const auto legal = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  const auto bad = std::find_if_not(name.begin(), name.end(), legal);
  if (bad != name.end()) {
    return Error(ErrorCode::kInvalidTopicName,
                 "topic name " + Quoted(name) + " has an illegal character at position " +
                     std::to_string(bad - name.begin()) + "; allowed are a-z A-Z 0-9 . _ -");
  }
  return OkStatus();
}

}  // namespace qalam
