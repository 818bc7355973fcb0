#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/result.h"

namespace qalam {

// Sizes and durations as people write them. Plain numbers stay what Kafka's users expect: bytes,
// milliseconds. Thread: any.

// "-1", "4096", "10MiB", "10M" (= MiB), "1GB" (decimal), "64k" (= KiB). Errors: kInvalidArgument.
Result<std::int64_t> ParseSizeBytes(std::string_view text);
// "-1", "250", "250ms", "5s", "10m", "36h", "7d", "2w", "1h30m". Errors: kInvalidArgument.
Result<std::int64_t> ParseDurationMs(std::string_view text);
Result<std::int64_t> ParseInteger(std::string_view text);  // Decimal, nothing else.
Result<bool> ParseBool(std::string_view text);             // true|false|yes|no|on|off|1|0.

std::string FormatSize(std::int64_t bytes);         // "10 MiB", "1500 B"; exact, never rounded.
std::string FormatDuration(std::int64_t millisec);  // "7 d", "90 s"; exact, never rounded.

}  // namespace qalam
