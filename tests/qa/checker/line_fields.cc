#include "tests/qa/checker/line_fields.h"

#include <utility>

namespace qalam::qa {
namespace {

constexpr std::int64_t kNumberMax = std::int64_t{1} << 62;

bool IsCount(const nlohmann::json& value) {
  if (value.is_number_unsigned()) {
    return value.get<std::uint64_t>() <= static_cast<std::uint64_t>(kNumberMax);
  }
  return value.is_number_integer() && value.get<std::int64_t>() >= 0;
}

}  // namespace

LineFields::LineFields(std::string_view line)
    : object_(nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false)) {
  if (!object_.is_object()) Fail("not a JSON object");
}

void LineFields::Fail(std::string message) {
  if (ok()) error_ = std::move(message);
}

const nlohmann::json* LineFields::Take(const char* name, bool required) {
  if (!ok()) return nullptr;
  const auto at = object_.find(name);
  if (at == object_.end()) {
    if (required) Fail(std::string("field \"") + name + "\" is missing");
    return nullptr;
  }
  taken_.insert(name);
  return &*at;
}

std::string LineFields::Text(const char* name) {
  const nlohmann::json* const value = Take(name, true);
  if (value == nullptr) return {};
  if (value->is_string() && !value->get_ref<const std::string&>().empty()) return *value;
  Fail(std::string("field \"") + name + "\" must be a string that is not empty");
  return {};
}

std::optional<std::string> LineFields::TextOrNull(const char* name) {
  const nlohmann::json* const value = Take(name, true);
  if (value == nullptr || value->is_null()) return std::nullopt;
  return Text(name);
}

std::int64_t LineFields::Number(const char* name) {
  const nlohmann::json* const value = Take(name, true);
  if (value == nullptr) return 0;
  if (IsCount(*value)) return value->get<std::int64_t>();
  Fail(std::string("field \"") + name + "\" must be an integer from 0 to 2^62");
  return 0;
}

std::optional<std::int64_t> LineFields::OptionalNumber(const char* name) {
  if (Take(name, false) == nullptr) return std::nullopt;
  return Number(name);
}

bool LineFields::OptionalFlag(const char* name, bool otherwise) {
  const nlohmann::json* const value = Take(name, false);
  if (value == nullptr) return otherwise;
  if (value->is_boolean()) return value->get<bool>();
  Fail(std::string("field \"") + name + "\" must be true or false");
  return otherwise;
}

std::vector<std::string> LineFields::OptionalTexts(const char* name) {
  const nlohmann::json* const value = Take(name, false);
  std::vector<std::string> texts;
  if (value == nullptr) return texts;
  bool good = value->is_array();
  for (std::size_t i = 0; good && i < value->size(); ++i) {
    good = (*value)[i].is_string();
    if (good) texts.push_back((*value)[i]);
  }
  if (!good) Fail(std::string("field \"") + name + "\" must be a list of strings");
  return texts;
}

void LineFields::Finish() {
  if (!ok()) return;
  for (const auto& field : object_.items()) {
    if (taken_.count(field.key()) == 0) Fail("unknown field \"" + field.key() + "\"");
  }
}

}  // namespace qalam::qa
