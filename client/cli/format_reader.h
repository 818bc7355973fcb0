#pragma once

#include <qalam/client.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/cli/format_string.h"

namespace qalam::cli {

// A record as it was read from text. Thread: a value.
struct ReadRecord {
  std::optional<std::string> key;
  std::optional<std::string> value;
  std::optional<std::int32_t> partition;
  std::optional<std::int64_t> timestamp_ms;
  std::vector<abi0::Header> headers;
};

// Reads records that were written by a format: %k %v %K %V %p %d{ms}, sizes before what they size,
// everything else up to the literal that follows. Thread: its owner.
class FormatReader {
 public:
  // Errors: a field that can't be read, two fields with nothing between.
  static abi0::Result<FormatReader> Make(const FormatString& format);
  // Takes one record off `text`. Nothing: `text` ends before the record does. Errors: not in the
  // format.
  abi0::Result<std::optional<ReadRecord>> Next(std::string_view& text) const;

 private:
  std::vector<FormatString::Token> tokens_;
};

}  // namespace qalam::cli
