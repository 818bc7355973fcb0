#include "broker/log/file_names.h"

#include <charconv>

namespace qalam {
namespace {
constexpr std::size_t kDigits = 20;
}  // namespace

std::string SegmentFileName(Offset base_offset, std::string_view suffix) {
  std::string digits = std::to_string(base_offset);
  std::string name(kDigits - digits.size(), '0');
  name += digits;
  name += suffix;
  return name;
}

std::optional<Offset> ParseSegmentFileName(std::string_view name, std::string_view suffix) {
  if (name.size() != kDigits + suffix.size() || name.substr(kDigits) != suffix) return std::nullopt;
  Offset offset = 0;
  const char* const end = name.data() + kDigits;
  const auto [at, error] = std::from_chars(name.data(), end, offset);
  if (error != std::errc() || at != end || offset < 0) return std::nullopt;
  return offset;
}

}  // namespace qalam
