#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace qalam::qa {

// The fields of one line, each taken once by name. The first thing that is wrong is kept in
// error(), and from then on every field is empty: so a caller takes all it needs, then asks once.
// Thread: one.
class LineFields {
 public:
  // `line` must be one JSON object; it is copied.
  explicit LineFields(std::string_view line);

  std::string Text(const char* name);
  std::optional<std::string> TextOrNull(const char* name);
  std::int64_t Number(const char* name);  // An integer from 0 to 2^62.
  std::optional<std::int64_t> OptionalNumber(const char* name);
  bool OptionalFlag(const char* name, bool otherwise);
  std::vector<std::string> OptionalTexts(const char* name);

  // Complains about fields that nobody took.
  void Finish();
  void Fail(std::string message);
  const std::string& error() const { return error_; }
  bool ok() const { return error_.empty(); }

 private:
  const nlohmann::json* Take(const char* name, bool required);

  nlohmann::json object_;
  std::set<std::string> taken_;
  std::string error_;
};

}  // namespace qalam::qa
