#include "common/log_line.h"

#include <algorithm>

namespace qalam {
namespace {

bool IsKeyCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
}

// Where the next "key=" begins, from `at` on, and how long the key is.
struct KeyPlace {
  std::size_t begin = std::string_view::npos;
  std::size_t size = 0;
};
KeyPlace NextKey(std::string_view text, std::size_t at) {
  while (at < text.size()) {
    std::size_t end = at;
    while (end < text.size() && IsKeyCharacter(text[end])) ++end;
    const bool begins = at == 0 || text[at - 1] == ' ';
    if (begins && end > at && end < text.size() && text[end] == '=') return {at, end - at};
    at = text.find(' ', end);
    if (at == std::string_view::npos) break;
    ++at;
  }
  return {};
}

}  // namespace

std::vector<LogField> FieldsOf(std::string_view message, std::size_t fields_max) {
  std::vector<LogField> fields;
  KeyPlace key = NextKey(message, 0);
  while (key.begin != std::string_view::npos && fields.size() < fields_max) {
    const std::string_view name = message.substr(key.begin, key.size);
    std::size_t begin = key.begin + key.size + 1;
    std::size_t end = message.size();
    const std::size_t quote = begin < message.size() && message[begin] == '"'
                                  ? message.find('"', begin + 1)
                                  : std::string_view::npos;
    if (quote != std::string_view::npos) {
      ++begin;
      end = quote;
      key = NextKey(message, std::min(quote + 1, message.size()));
    } else {
      key = NextKey(message, begin);
      if (key.begin != std::string_view::npos) end = key.begin - 1;
    }
    const bool is_new = std::none_of(fields.begin(), fields.end(),
                                     [&](const LogField& field) { return field.first == name; });
    if (is_new) fields.emplace_back(name, message.substr(begin, end - begin));
  }
  return fields;
}

}  // namespace qalam
