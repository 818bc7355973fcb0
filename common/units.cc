#include "common/units.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <span>

#include "common/printable.h"

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

const Unit* FindUnit(std::span<const Unit> units, std::string_view name) {
  const std::string lower = Lower(name);
  for (const Unit& unit : units) {
    if (unit.name == lower) return &unit;
  }
  return nullptr;
}

// Terms of a number and a unit, each unit smaller than the one before: "1h30m".
Result<std::int64_t> ParseWithUnits(std::string_view text, std::span<const Unit> units,
                                    std::size_t terms_max, std::string_view what) {
  const Error bad(ErrorCode::kInvalidArgument, Quoted(text) + " is not " + std::string(what));
  const Error too_large(ErrorCode::kInvalidArgument, Quoted(text) + " is too large");
  std::string_view rest = Trim(text);
  std::int64_t total = 0;
  std::int64_t factor_before = 0;  // 0: this is the first term.
  for (std::size_t term = 0; term == 0 || !rest.empty(); ++term) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
    if (error == std::errc::result_out_of_range) return too_large;
    if (error != std::errc() || term >= terms_max) return bad;
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    const std::size_t name_size = std::min(rest.find_first_of("-0123456789"), rest.size());
    const Unit* const unit = FindUnit(units, Trim(rest.substr(0, name_size)));
    rest.remove_prefix(name_size);
    if (unit == nullptr) return bad;
    if (term > 0 && (number < 0 || total < 0 || unit->factor >= factor_before)) return bad;
    if (unit->name.empty() && (term > 0 || !rest.empty())) return bad;
    std::int64_t value = 0;
    if (__builtin_mul_overflow(number, unit->factor, &value) ||
        __builtin_add_overflow(total, value, &total)) {
      return too_large;
    }
    factor_before = unit->factor;
  }
  return total;
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
  return ParseWithUnits(text, kSizes, 1, "a size such as 1048576, 512KiB or 1GiB");
}

Result<std::int64_t> ParseDurationMs(std::string_view text) {
  return ParseWithUnits(text, kDurations, kDurations.size(),
                        "a duration such as 60000 (ms), 90s, 1h30m or 7d");
}

Result<std::int64_t> ParseInteger(std::string_view text) {
  return ParseWithUnits(text, std::span(kSizes).first(1), 1, "a whole number");
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
