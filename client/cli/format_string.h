#pragma once

#include <qalam/client.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace qalam::cli {

// The language of --format, for writing records out and for reading them in:
//   %t topic  %p partition  %o offset  %k key  %K key bytes  %v (%s) value  %V (%S) value bytes
//   %h headers  %H headers count  %d timestamp  %e leader epoch  %[ log start  %] high watermark
//   %i count  %k{hex|base64|json|utf8}  %d{ms|rfc3339|strftime[...]}
//   \n \t \r \0 \\ \xNN escapes  %% a percent sign
// Thread: a value.
class FormatString {
 public:
  enum class Field {
    kLiteral,
    kTopic,
    kPartition,
    kOffset,
    kKey,
    kKeyBytes,
    kValue,
    kValueBytes,
    kHeaders,
    kHeadersCount,
    kTimestamp,
    kLeaderEpoch,
    kLogStart,
    kHighWatermark,
    kCount,
  };
  enum class Style { kRaw, kHex, kBase64, kJson, kUtf8, kMs, kRfc3339, kStrftime };
  struct Token {
    Field field = Field::kLiteral;
    Style style = Style::kRaw;
    std::string text;  // The literal, or the strftime pattern.
  };

  static abi0::Result<FormatString> Parse(std::string_view text);
  const std::vector<Token>& tokens() const { return tokens_; }
  bool Has(Field field) const;

  struct Around {
    std::int64_t log_start = -1;
    std::int64_t high_watermark = -1;
    std::int64_t count = 0;  // Records written before this one.
  };
  void Append(const abi0::RecordView& record, const Around& around, std::string& out) const;

 private:
  std::vector<Token> tokens_;
};

}  // namespace qalam::cli
