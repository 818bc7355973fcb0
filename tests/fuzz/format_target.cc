#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "client/cli/format_reader.h"
#include "client/cli/format_string.h"
#include "client/cli/record_json.h"
#include "client/cli/text.h"
#include "client/cli/time_point.h"
#include "common/base64.h"
#include "common/check.h"
#include "common/utf8.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/fuzz/fuzz_target.h"

namespace qalam::fuzz {
namespace {

using Field = cli::FormatString::Field;

constexpr std::int64_t kNow = 1'700'000'000'000;

std::optional<std::string_view> OrNull(BytesView bytes) {
  const std::string_view text = AsText(bytes);
  if (text == "null") return std::nullopt;
  return text;
}

abi0::RecordView MakeRecord(std::optional<std::string_view> key,
                            std::optional<std::string_view> value, std::int64_t timestamp) {
  static const abi0::detail::RecordOrigin origin{"orders", 3, 5};
  abi0::RecordView::Parts parts;
  parts.origin = &origin;
  parts.offset = 41;
  parts.timestamp_ms = timestamp;
  if (key) parts.key = key->data();
  if (value) parts.value = value->data();
  parts.key_bytes = key ? static_cast<std::int32_t>(key->size()) : -1;
  parts.value_bytes = value ? static_cast<std::int32_t>(value->size()) : -1;
  return abi0::RecordView(parts);
}

// format part | key part | value part | timestamp u64 | text to be read by the format.
// What a format with sizes writes, it reads back.
void RunFormat(FuzzInput& in) {
  const auto format = cli::FormatString::Parse(AsText(in.Part()));
  const auto key = OrNull(in.Part());
  const auto value = OrNull(in.Part());
  const auto timestamp = static_cast<std::int64_t>(in.Long());
  if (!format.ok()) return;
  const cli::FormatString& parsed = format.Value();
  std::string written;
  parsed.Append(MakeRecord(key, value, timestamp), {0, 100, 7}, written);
  const auto reader = cli::FormatReader::Make(parsed);
  if (!reader.ok()) return;
  std::string_view text = AsText(in.Rest());
  for (int i = 0; i < 100; ++i) {
    const std::size_t before = text.size();
    const auto record = reader.Value().Next(text);
    if (!record.ok() || !record.Value() || text.size() == before) break;
  }
  const bool sized = std::all_of(
      parsed.tokens().begin(), parsed.tokens().end(), [&](const cli::FormatString::Token& token) {
        return token.field == Field::kLiteral || token.field == Field::kKeyBytes ||
               token.field == Field::kValueBytes ||
               (token.field == Field::kKey && parsed.Has(Field::kKeyBytes)) ||
               (token.field == Field::kValue && parsed.Has(Field::kValueBytes));
      });
  const bool digits = std::any_of(
      parsed.tokens().begin(), parsed.tokens().end(), [](const cli::FormatString::Token& token) {
        return token.field == Field::kLiteral &&
               token.text.find_first_of("-0123456789") == 0;  // Behind a size: cannot be told.
      });
  if (!sized || digits) return;
  text = written;
  const auto record = reader.Value().Next(text);
  QALAM_CHECK(record.ok() && record.Value().has_value() && text.empty());
  if (parsed.Has(Field::kKey)) QALAM_CHECK(record.Value()->key == key);
  if (parsed.Has(Field::kValue)) QALAM_CHECK(record.Value()->value == value);
}

// key part | value part | a JSON record
void RunJson(FuzzInput& in) {
  const auto key = OrNull(in.Part());
  const auto value = OrNull(in.Part());
  std::string line;
  cli::AppendJsonRecord(MakeRecord(key, value, kNow), line);
  const auto again = cli::ParseJsonRecord(line);
  QALAM_CHECK(again.ok() && again.Value().key == key && again.Value().value == value);
  (void)cli::ParseJsonRecord(AsText(in.Rest()));
}

void RunPlaces(const std::string& text) {
  (void)cli::ParseTime(text, kNow);
  (void)cli::ParseFrom(text, kNow);
  (void)cli::ParseUntil(text, kNow);
  (void)cli::ParsePartitions(text);
  (void)cli::Unescape(text);
  const auto bytes = FromBase64(Base64(text));
  QALAM_CHECK(bytes && *bytes == text);
  (void)FromBase64(text);
  QALAM_CHECK(IsUtf8(CleanUtf8(text)));
  QALAM_CHECK(cli::Hex(text).size() == 2 * text.size());
}

// kind u8 | ...
void RunCli(BytesView input) {
  FuzzInput in(input);
  const std::uint8_t kind = in.Byte();
  if (kind % 3 == 0) RunFormat(in);
  if (kind % 3 == 1) RunJson(in);
  if (kind % 3 == 2) RunPlaces(std::string(AsText(in.Rest())));
}

}  // namespace

const FuzzTarget kFormatTarget = {"format", RunCli, nullptr};

}  // namespace qalam::fuzz
