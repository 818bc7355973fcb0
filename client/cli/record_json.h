#pragma once

#include <qalam/client.h>

#include <optional>
#include <string>
#include <string_view>

#include "client/cli/format_reader.h"

namespace qalam::cli {

// A JSON string, or null; what is not UTF-8 is replaced by U+FFFD. Written by hand: a line per
// record has to be quick. Thread: any.
void AppendJsonString(std::optional<std::string_view> text, std::string& out);
// The JSON record of docs/reference/cli.md, on one line with a line feed.
void AppendJsonRecord(const abi0::RecordView& record, std::string& out);
// Reads what AppendJsonRecord writes: key or key_base64, value or value_base64, headers, timestamp,
// partition; all may be missing, other fields are passed over, a value that is no string is kept as
// the JSON that it is. INVALID_ARGUMENT.
abi0::Result<ReadRecord> ParseJsonRecord(std::string_view line);

}  // namespace qalam::cli
