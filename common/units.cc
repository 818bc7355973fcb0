#include "common/units.h"

#include <array>
#include <charconv>
#include <limits>
#include <span>

namespace qalam {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t factor;
};

constexpr std::int64_t kKi = 1024;
constexpr std::int64_t kKilo = 1000;
constexpr auto kSizes = std::to_array<Unit>({
    {"", 1},
    {"b", 1},
    {"k", kKi},
    {"kib", kKi},
    {"kb", kKilo},
    {"m", kKi* kKi},
    {"mib", kKi* kKi},
    {"mb", kKilo* kKilo},
    {"g", kKi* kKi* kKi},
    {"gib", kKi* kKi* kKi},
    {"gb", kKilo* kKilo* kKilo},
    {"t", kKi* kKi* kKi* kKi},
    {"tib", kKi* kKi* kKi* kKi},
    {"tb", kKilo* kKilo* kKilo* kKilo},
});
constexpr std::int64_t kSecond = 1000;
constexpr std::int64_t kMinute = 60 * kSecond;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kDay = 24 * kHour;
constexpr auto kDurations = std::to_array<Unit>({
    {"", 1},
    {"ms", 1},
    {"s", kSecond},
    {"m", kMinute},
    {"min", kMinute},
    {"h", kHour},
    {"d", kDay},
    {"w", 7 * kDay},
});

std::string Quoted(std::string_view text) {
  std::string shown = "\"";
  for (const char c : text.substr(0, 64)) shown.push_back(c >= 0x20 && c < 0x7f ? c : '?');
  return shown + "\"";
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

Result<std::int64_t> ParseWithUnit(std::string_view text, std::span<const Unit> units,
                                   std::string_view what) {
  const std::string_view trimmed = Trim(text);
  std::int64_t number = 0;
  const char* const end = trimmed.data() + trimmed.size();
  const auto [rest, error] = std::from_chars(trimmed.data(), end, number);
  const Error bad(ErrorCode::kInvalidArgument, Quoted(text) + " is not " + std::string(what));
  if (error == std::errc::result_out_of_range) {
    return Error(ErrorCode::kInvalidArgument, Quoted(text) + " is too large");
  }
  if (error != std::errc()) return bad;
  const std::string unit = Lower(Trim({rest, static_cast<std::size_t>(end - rest)}));
  for (const Unit& known : units) {
    if (known.name != unit) continue;
    std::int64_t value = 0;
    if (__builtin_mul_overflow(number, known.factor, &value)) {
      return Error(ErrorCode::kInvalidArgument, Quoted(text) + " is too large");
    }
    return value;
  }
  return bad;
}

// The largest unit that divides `value` without a remainder.
std::string FormatExact(std::int64_t value, std::span<const Unit> units) {
  const Unit* best = &units.front();
  for (const Unit& unit : units) {
    if (value != 0 && value % unit.factor == 0) best = &unit;
  }
  return std::to_string(value / best->factor) + " " + std::string(best->name);
}

}  // namespace

Result<std::int64_t> ParseSizeBytes(std::string_view text) {
  return ParseWithUnit(text, kSizes, "a size such as 1048576, 512KiB or 1GiB");
}

Result<std::int64_t> ParseDurationMs(std::string_view text) {
  return ParseWithUnit(text, kDurations, "a duration such as 60000 (ms), 90s, 12h or 7d");
}

Result<std::int64_t> ParseInteger(std::string_view text) {
  return ParseWithUnit(text, std::span(kSizes).first(1), "a whole number");
}

Result<bool> ParseBool(std::string_view text) {
  const std::string lower = Lower(Trim(text));
  for (const std::string_view yes : {"true", "yes", "on", "1"}) {
    if (lower == yes) return true;
  }
  for (const std::string_view no : {"false", "no", "off", "0"}) {
    if (lower == no) return false;
  }
  return Error(ErrorCode::kInvalidArgument, Quoted(text) + " is not true or false");
}

std::string FormatSize(std::int64_t bytes) {
  constexpr auto kShown =
      std::to_array<Unit>({{"B", 1}, {"KiB", kKi}, {"MiB", kKi * kKi}, {"GiB", kKi * kKi * kKi}});
  return FormatExact(bytes, kShown);
}

std::string FormatDuration(std::int64_t millisec) {
  constexpr auto kShown =
      std::to_array<Unit>({{"ms", 1}, {"s", kSecond}, {"min", kMinute}, {"h", kHour}, {"d", kDay}});
  return FormatExact(millisec, kShown);
}

}  // namespace qalam
