#include "client/cli/format_reader.h"

#include <charconv>
#include <limits>

namespace qalam::cli {
namespace {

using Field = FormatString::Field;
using Style = FormatString::Style;

abi0::Error BadReaderFormat(const std::string& what) {
  return abi0::Error("INVALID_ARGUMENT", "--format: " + what, false,
                     "See qalam produce --help for the letters.", {}, "");
}

}  // namespace

abi0::Result<FormatReader> FormatReader::Make(const FormatString& format) {
  FormatReader reader;
  reader.tokens_ = format.tokens();
  bool key_sized = false;
  bool value_sized = false;
  for (std::size_t i = 0; i < reader.tokens_.size(); ++i) {
    const Field field = reader.tokens_[i].field;
    if (field == Field::kKeyBytes) key_sized = true;
    if (field == Field::kValueBytes) value_sized = true;
    switch (field) {
      case Field::kLiteral:
        continue;
      case Field::kKey:
      case Field::kValue:
      case Field::kKeyBytes:
      case Field::kValueBytes:
      case Field::kPartition:
      case Field::kTimestamp:
        break;
      default:
        return BadReaderFormat("only %k %v %K %V %p %d{ms} can be read");
    }
    if (reader.tokens_[i].style != Style::kRaw && reader.tokens_[i].style != Style::kMs) {
      return BadReaderFormat("fields are read as they are, without a style");
    }
    const bool sized =
        (field == Field::kKey && key_sized) || (field == Field::kValue && value_sized);
    const bool delimited =
        i + 1 < reader.tokens_.size() && reader.tokens_[i + 1].field == Field::kLiteral;
    if (!sized && !delimited)
      return BadReaderFormat(
          "a field without a size needs a delimiter behind it, for instance \\n");
  }
  if (reader.tokens_.empty()) return BadReaderFormat("is empty");
  return reader;
}

abi0::Result<std::optional<ReadRecord>> FormatReader::Next(std::string_view& text) const {
  ReadRecord record;
  std::string_view rest = text;
  std::optional<std::int64_t> key_bytes;
  std::optional<std::int64_t> value_bytes;
  for (std::size_t i = 0; i < tokens_.size(); ++i) {
    const Field field = tokens_[i].field;
    if (field == Field::kLiteral) {
      if (rest.size() < tokens_[i].text.size()) return std::optional<ReadRecord>();
      if (!rest.starts_with(tokens_[i].text))
        return BadReaderFormat("the input does not have the delimiter where it belongs");
      rest.remove_prefix(tokens_[i].text.size());
      continue;
    }
    auto& size = field == Field::kKey ? key_bytes : value_bytes;
    if ((field == Field::kKey || field == Field::kValue) && size) {
      auto& into = field == Field::kKey ? record.key : record.value;
      if (*size < 0) continue;  // Null.
      if (rest.size() < static_cast<std::size_t>(*size)) return std::optional<ReadRecord>();
      into.emplace(rest.substr(0, static_cast<std::size_t>(*size)));
      rest.remove_prefix(static_cast<std::size_t>(*size));
      continue;
    }
    const std::size_t end = rest.find(tokens_[i + 1].text);
    if (end == std::string_view::npos) return std::optional<ReadRecord>();
    const std::string_view bytes = rest.substr(0, end);
    rest.remove_prefix(end);
    if (field == Field::kKey) {
      record.key.emplace(bytes);
      continue;
    }
    if (field == Field::kValue) {
      record.value.emplace(bytes);
      continue;
    }
    std::int64_t number = 0;
    const auto [at, error] = std::from_chars(bytes.data(), bytes.data() + bytes.size(), number);
    if (error != std::errc() || at != bytes.data() + bytes.size())
      return BadReaderFormat("\"" + std::string(bytes.substr(0, 40)) + "\" is no number");
    const bool size_or_null = number >= -1;
    const bool partition_number = number >= 0 && number <= std::numeric_limits<std::int32_t>::max();
    if (field == Field::kPartition ? !partition_number : !size_or_null)
      return BadReaderFormat(std::string(bytes) + " is out of range");
    if (field == Field::kKeyBytes) key_bytes = number;
    if (field == Field::kValueBytes) value_bytes = number;
    if (field == Field::kPartition) record.partition = static_cast<std::int32_t>(number);
    if (field == Field::kTimestamp) record.timestamp_ms = number;
  }
  text = rest;
  return std::optional<ReadRecord>(std::move(record));
}

}  // namespace qalam::cli
