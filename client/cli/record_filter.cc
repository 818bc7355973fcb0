#include "client/cli/record_filter.h"

#include "client/cli/usage.h"

namespace qalam::cli {

void RecordFilter::FreeExpression::operator()(regex_t* expression) const {
  ::regfree(expression);
  delete expression;
}

abi0::Result<RecordFilter> RecordFilter::Make(const std::string& value_expression,
                                              const std::string& key_expression,
                                              const std::vector<std::string>& headers) {
  RecordFilter filter;
  auto value = Compile(value_expression);
  if (!value.ok()) return value.error();
  filter.value_ = std::move(*value);
  auto key = Compile(key_expression);
  if (!key.ok()) return key.error();
  filter.key_ = std::move(*key);
  for (const std::string& header : headers) {
    auto parts = SplitSetting(header);
    if (!parts) return BadUsage("--header " + header + ": written KEY=VALUE");
    filter.headers_.push_back(std::move(*parts));
  }
  return filter;
}

abi0::Result<RecordFilter::Expression> RecordFilter::Compile(const std::string& text) {
  if (text.empty()) return Expression();
  auto compiled = std::make_unique<regex_t>();
  const int code = ::regcomp(compiled.get(), text.c_str(), REG_EXTENDED);
  if (code == 0) return Expression(compiled.release());
  char why[256];
  ::regerror(code, compiled.get(), why, sizeof why);
  return BadUsage("\"" + text + "\" is no regular expression: " + why, "Write it as for grep -E.");
}

bool RecordFilter::Matches(const Expression& expression, std::optional<std::string_view> bytes) {
  if (expression == nullptr) return true;
  if (!bytes) return false;
  regmatch_t range{};
  range.rm_so = 0;
  range.rm_eo = static_cast<regoff_t>(bytes->size());
  return ::regexec(expression.get(), bytes->data(), 1, &range, REG_STARTEND) == 0;
}

bool RecordFilter::Wants(const abi0::RecordView& record) const {
  if (!Matches(value_, record.value()) || !Matches(key_, record.key())) return false;
  for (const auto& [name, content] : headers_) {
    bool found = false;
    abi0::HeaderReader reader = record.headers();
    while (const auto header = reader.Next())
      found = found || (header->key == name && header->value && *header->value == content);
    if (!found) return false;
  }
  return true;
}

}  // namespace qalam::cli
