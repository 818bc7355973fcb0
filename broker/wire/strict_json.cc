#include "broker/wire/strict_json.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/printable.h"

namespace qalam {
namespace {

using Json = nlohmann::json;

// Keeps nothing but names. The parser itself does not recurse.
class Checker final : public nlohmann::json_sax<Json> {
 public:
  Checker(std::string_view text, int depth_max) : text_(text), depth_max_(depth_max) {}

  bool null() override { return Value(); }
  bool boolean(bool) override { return Value(); }
  bool number_integer(number_integer_t) override { return Value(); }
  bool number_unsigned(number_unsigned_t) override { return Value(); }
  bool number_float(number_float_t, const string_t&) override { return Value(); }
  bool string(string_t&) override { return Value(); }
  bool binary(binary_t&) override { return Value(); }
  bool start_object(std::size_t) override {
    open_.emplace_back();
    return InBounds();
  }
  bool end_object() override { return Close(); }
  bool start_array(std::size_t) override {
    if (open_.empty()) return Value();
    open_.emplace_back();
    return InBounds();
  }
  bool end_array() override { return Close(); }
  bool key(string_t& name) override {
    if (!open_.back().insert(name).second) {
      return Fail(Error(ErrorCode::kInvalidArgument, Quoted(name) + " is there twice")
                      .With("field", name.substr(0, 64)));
    }
    return true;
  }
  bool parse_error(std::size_t position, const std::string& /*token*/,
                   const Json::exception& /*why*/) override {
    const std::string_view before = text_.substr(0, position > 0 ? position - 1 : 0);
    const auto line = 1 + std::count(before.begin(), before.end(), '\n');
    const auto column = before.size() - (before.rfind('\n') + 1) + 1;
    return Fail(Error(ErrorCode::kInvalidArgument, "the body is not JSON: line " +
                                                       std::to_string(line) + ", column " +
                                                       std::to_string(column)));
  }

  std::optional<Error> error;

 private:
  bool Fail(Error why) {
    error = std::move(why);
    return false;
  }
  bool Value() {
    if (!open_.empty()) return true;
    return Fail(Error(ErrorCode::kInvalidArgument, "the body is JSON, but not an object"));
  }
  bool InBounds() {
    if (static_cast<int>(open_.size()) <= depth_max_) return true;
    return Fail(
        Error(ErrorCode::kInvalidArgument, "the body is nested deeper than its fields can be"));
  }
  bool Close() {
    open_.pop_back();
    return true;
  }

  const std::string_view text_;
  const int depth_max_;
  std::vector<std::set<std::string>> open_;  // Names, of each object and list that is open.
};

}  // namespace

Result<nlohmann::json> ParseJsonObject(std::string_view text, int depth_max) {
  Checker checker(text, depth_max);
  (void)Json::sax_parse(text.begin(), text.end(), &checker);
  if (checker.error) return *std::move(checker.error);
  return Json::parse(text.begin(), text.end(), nullptr, false);
}

}  // namespace qalam
