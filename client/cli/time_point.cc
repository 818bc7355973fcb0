#include "client/cli/time_point.h"

#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <limits>

#include "common/units.h"

namespace qalam::cli {
namespace {

abi0::Error BadTime(const std::string& message) {
  return abi0::Error("INVALID_ARGUMENT", message, false,
                     "Places are start, end, an offset, -N for the last N, or @TIME (@-15m, "
                     "@2026-01-02T03:04:05Z).",
                     {}, "");
}

}  // namespace

std::int64_t NowMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

abi0::Result<std::int64_t> ParseTime(const std::string& text, std::int64_t now_ms) {
  if (text.size() > 1 && text[0] == '-') {
    const auto ago = ParseDurationMs(text.substr(1));
    if (ago.ok() && *ago >= 0) return now_ms - *ago;
    return BadTime("\"" + text + "\" is no time before now");
  }
  if (const auto number = ParseInteger(text); number.ok()) return *number;
  tm parts{};
  const char* rest = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (rest == nullptr) {
    parts = tm{};
    rest = strptime(text.c_str(), "%Y-%m-%d", &parts);
    if (rest == nullptr || *rest != '\0') return BadTime("\"" + text + "\" is no time");
  }
  std::int64_t ms = static_cast<std::int64_t>(timegm(&parts)) * 1000;
  if (*rest == '.') {
    std::int64_t scale = 100;
    for (++rest; *rest >= '0' && *rest <= '9'; ++rest, scale /= 10) ms += (*rest - '0') * scale;
  }
  int hours = 0;
  int minutes = 0;
  int used = 0;
  char sign = 0;
  if (std::strcmp(rest, "Z") == 0 || *rest == '\0') return ms;
  if (std::sscanf(rest, "%c%2d:%2d%n", &sign, &hours, &minutes, &used) == 3 && rest[used] == '\0' &&
      (sign == '+' || sign == '-')) {
    const std::int64_t shift = (std::int64_t{hours} * 60 + minutes) * 60'000;
    return sign == '+' ? ms - shift : ms + shift;
  }
  return BadTime("\"" + text + "\" is no time: a zone is Z or +HH:MM");
}

abi0::Result<abi0::From> ParseFrom(const std::string& text, std::int64_t now_ms) {
  if (text == "start") return abi0::From::Start();
  if (text == "end") return abi0::From::End();
  if (!text.empty() && text[0] == '@') {
    const auto time = ParseTime(text.substr(1), now_ms);
    if (!time.ok()) return time.error();
    return abi0::From::TimeMs(*time);
  }
  const auto number = ParseInteger(text);
  if (!number.ok() || *number == std::numeric_limits<std::int64_t>::min())
    return BadTime("--from " + text + ": no such place");
  return *number < 0 ? abi0::From::Last(-*number) : abi0::From::Offset(*number);
}

abi0::Result<abi0::Until> ParseUntil(const std::string& text, std::int64_t now_ms) {
  if (text == "end") return abi0::Until::End();
  if (!text.empty() && text[0] == '@') {
    const auto time = ParseTime(text.substr(1), now_ms);
    if (!time.ok()) return time.error();
    return abi0::Until::TimeMs(*time);
  }
  const auto number = ParseInteger(text);
  if (!number.ok() || *number < 0) return BadTime("--until " + text + ": no such place");
  return abi0::Until::Offset(*number);
}

abi0::Result<std::vector<abi0::TopicPartition>> ParsePartitions(const std::string& text) {
  std::vector<abi0::TopicPartition> partitions;
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return partitions;
  const std::string topic = text.substr(0, colon);
  std::size_t begin = colon + 1;
  while (begin <= text.size()) {
    const std::size_t comma = std::min(text.find(',', begin), text.size());
    const auto number = ParseInteger(text.substr(begin, comma - begin));
    if (!number.ok() || *number < 0 || *number > std::numeric_limits<std::int32_t>::max()) {
      return abi0::Error("INVALID_ARGUMENT", "\"" + text + "\": partitions are numbers", false,
                         "Write NAME for all of them, or NAME:0,1.", {{"topic", topic}}, "");
    }
    partitions.push_back({topic, static_cast<std::int32_t>(*number)});
    begin = comma + 1;
  }
  return partitions;
}

}  // namespace qalam::cli
