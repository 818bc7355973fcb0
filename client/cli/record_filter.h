#pragma once

#include <qalam/client.h>
#include <regex.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace qalam::cli {

// Which records are wanted: all of the conditions hold. Expressions are those of grep -E, over
// bytes of any length. Thread: one at a time.
class RecordFilter {
 public:
  // Empty expressions match everything; a null key or value matches none. `headers` are KEY=VALUE.
  // INVALID_ARGUMENT.
  static abi0::Result<RecordFilter> Make(const std::string& value_expression,
                                         const std::string& key_expression,
                                         const std::vector<std::string>& headers);
  bool Wants(const abi0::RecordView& record) const;

 private:
  struct FreeExpression {
    void operator()(regex_t* expression) const;
  };
  using Expression = std::unique_ptr<regex_t, FreeExpression>;
  static abi0::Result<Expression> Compile(const std::string& text);
  static bool Matches(const Expression& expression, std::optional<std::string_view> bytes);

  Expression value_;  // Null: any.
  Expression key_;
  std::vector<std::pair<std::string, std::string>> headers_;
};

}  // namespace qalam::cli
