#include "client/cli/format_string.h"

#include <fmt/format.h>

#include <algorithm>

#include "client/cli/record_json.h"
#include "client/cli/text.h"
#include "common/base64.h"
#include "common/utf8.h"

namespace qalam::cli {
namespace {

using Field = FormatString::Field;
using Style = FormatString::Style;

abi0::Error BadFormat(const std::string& what) {
  return abi0::Error("INVALID_ARGUMENT", "--format: " + what, false,
                     "See qalam consume --help for the letters.", {}, "");
}

std::optional<Field> FieldOf(char letter) {
  switch (letter) {
    case 't':
      return Field::kTopic;
    case 'p':
      return Field::kPartition;
    case 'o':
      return Field::kOffset;
    case 'k':
      return Field::kKey;
    case 'K':
      return Field::kKeyBytes;
    case 'v':
    case 's':
      return Field::kValue;
    case 'V':
    case 'S':
      return Field::kValueBytes;
    case 'h':
      return Field::kHeaders;
    case 'H':
      return Field::kHeadersCount;
    case 'd':
      return Field::kTimestamp;
    case 'e':
      return Field::kLeaderEpoch;
    case '[':
      return Field::kLogStart;
    case ']':
      return Field::kHighWatermark;
    case 'i':
      return Field::kCount;
    default:
      return std::nullopt;
  }
}

abi0::Status ParseStyle(std::string_view name, FormatString::Token& token) {
  const bool bytes = token.field == Field::kKey || token.field == Field::kValue;
  const bool time = token.field == Field::kTimestamp;
  if (bytes && name == "hex")
    token.style = Style::kHex;
  else if (bytes && name == "base64")
    token.style = Style::kBase64;
  else if (bytes && name == "json")
    token.style = Style::kJson;
  else if (bytes && name == "utf8")
    token.style = Style::kUtf8;
  else if (time && name == "ms")
    token.style = Style::kMs;
  else if (time && name == "rfc3339")
    token.style = Style::kRfc3339;
  else if (time && name.starts_with("strftime[") && name.ends_with("]")) {
    token.style = Style::kStrftime;
    token.text = name.substr(9, name.size() - 10);
  } else {
    return BadFormat("{" + std::string(name) + "} is no style of this field");
  }
  return {};
}

void AppendBytes(std::optional<std::string_view> bytes, Style style, std::string& out) {
  if (style == Style::kJson) {
    AppendJsonString(bytes, out);
    return;
  }
  if (!bytes) return;
  if (style == Style::kHex)
    out += Hex(*bytes);
  else if (style == Style::kBase64)
    out += Base64(*bytes);
  else if (style == Style::kUtf8)
    out += CleanUtf8(*bytes);
  else
    out += *bytes;
}

void AppendHeaders(const abi0::RecordView& record, std::string& out) {
  abi0::HeaderReader headers = record.headers();
  bool first = true;
  while (const auto header = headers.Next()) {
    if (!first) out.push_back(',');
    first = false;
    out += header->key;
    if (!header->value) continue;
    out.push_back('=');
    out += *header->value;
  }
}

}  // namespace

abi0::Result<FormatString> FormatString::Parse(std::string_view text) {
  FormatString format;
  const auto literal = [&]() -> std::string& {
    if (format.tokens_.empty() || format.tokens_.back().field != Field::kLiteral)
      format.tokens_.push_back({});
    return format.tokens_.back().text;
  };
  while (!text.empty()) {
    const char c = text.front();
    text.remove_prefix(1);
    if (c == '\\') {
      if (!TakeEscape(text, literal()))
        return BadFormat("an escape is \\n \\t \\r \\0 \\\\ or \\xNN");
      continue;
    }
    if (c != '%') {
      literal().push_back(c);
      continue;
    }
    if (text.empty()) return BadFormat("a % at the end; %% is a percent sign");
    const char letter = text.front();
    text.remove_prefix(1);
    if (letter == '%') {
      literal().push_back('%');
      continue;
    }
    if (letter == 'T')
      return BadFormat(
          "%T means one thing to kcat and another to rpk; the timestamp is %d, the topic %t");
    const auto field = FieldOf(letter);
    if (!field) return BadFormat(std::string("no field %") + letter);
    Token token;
    token.field = *field;
    if (*field == Field::kTimestamp) token.style = Style::kMs;
    if (!text.empty() && text.front() == '{') {
      const std::size_t close = text.find('}');
      if (close == std::string_view::npos) return BadFormat("{ without }");
      if (const auto status = ParseStyle(text.substr(1, close - 1), token); !status.ok())
        return status.error();
      text.remove_prefix(close + 1);
    }
    format.tokens_.push_back(std::move(token));
  }
  return format;
}

bool FormatString::Has(Field field) const {
  return std::any_of(tokens_.begin(), tokens_.end(),
                     [field](const Token& token) { return token.field == field; });
}

void FormatString::Append(const abi0::RecordView& record, const Around& around,
                          std::string& out) const {
  const auto number = [&out](std::int64_t value) {
    const fmt::format_int text(value);
    out.append(text.data(), text.size());
  };
  const auto size = [&](std::optional<std::string_view> bytes) {
    number(bytes ? static_cast<std::int64_t>(bytes->size()) : -1);
  };
  for (const Token& token : tokens_) {
    switch (token.field) {
      case Field::kLiteral:
        out += token.text;
        break;
      case Field::kTopic:
        out += record.topic();
        break;
      case Field::kPartition:
        number(record.partition());
        break;
      case Field::kOffset:
        number(record.offset());
        break;
      case Field::kKey:
        AppendBytes(record.key(), token.style, out);
        break;
      case Field::kKeyBytes:
        size(record.key());
        break;
      case Field::kValue:
        AppendBytes(record.value(), token.style, out);
        break;
      case Field::kValueBytes:
        size(record.value());
        break;
      case Field::kHeaders:
        AppendHeaders(record, out);
        break;
      case Field::kHeadersCount:
        number(record.headers_count());
        break;
      case Field::kTimestamp:
        if (token.style == Style::kMs)
          number(record.timestamp_ms());
        else if (token.style == Style::kRfc3339)
          out += Rfc3339(record.timestamp_ms());
        else
          out += FormatTime(token.text, record.timestamp_ms());
        break;
      case Field::kLeaderEpoch:
        number(record.leader_epoch());
        break;
      case Field::kLogStart:
        number(around.log_start);
        break;
      case Field::kHighWatermark:
        number(around.high_watermark);
        break;
      case Field::kCount:
        number(around.count);
        break;
    }
  }
}

}  // namespace qalam::cli
