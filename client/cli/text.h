#pragma once

#include <qalam/client.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace qalam::cli {

// Takes one escape, what follows a backslash, off `text`: n t r 0 \\ or xNN. False: none of these.
bool TakeEscape(std::string_view& text, std::string& out);
// All escapes become what they mean. INVALID_ARGUMENT.
abi0::Result<std::string> Unescape(std::string_view text);

std::string Hex(std::string_view bytes);

// UTC, "2026-01-02T03:04:05.678Z"; "-" for a negative time.
std::string Rfc3339(std::int64_t ms_since_1970);
// UTC, by the pattern of strftime.
std::string FormatTime(const std::string& pattern, std::int64_t ms_since_1970);

}  // namespace qalam::cli
