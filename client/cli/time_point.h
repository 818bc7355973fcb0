#pragma once

#include <qalam/client.h>

#include <cstdint>
#include <string>
#include <vector>

namespace qalam::cli {

std::int64_t NowMs();  // Since 1970, by this machine's clock.

// "2026-01-02T03:04:05Z", "2026-01-02T03:04:05.678+01:00", "2026-01-02", "-15m" (before now), or
// milliseconds since 1970. Answers milliseconds since 1970.
abi0::Result<std::int64_t> ParseTime(const std::string& text, std::int64_t now_ms);

// start | end | N | -N (the last N) | @TIME
abi0::Result<abi0::From> ParseFrom(const std::string& text, std::int64_t now_ms);
// end | N | @TIME
abi0::Result<abi0::Until> ParseUntil(const std::string& text, std::int64_t now_ms);

// "NAME:P,P,...". Empty without a colon: every partition.
abi0::Result<std::vector<abi0::TopicPartition>> ParsePartitions(const std::string& text);

}  // namespace qalam::cli
