#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "common/flush_mode.h"
#include "common/record/batch_validator.h"
#include "common/result.h"

namespace qalam {

// A topic's settings, in force: what the topic sets, over what the broker sets, over what is built
// in.
struct TopicConfig {
  std::int64_t retention_ms = std::int64_t{7} * 24 * 3600 * 1000;  // retention.ms
  std::int64_t retention_bytes = -1;                               // retention.bytes
  std::uint64_t segment_bytes = std::uint64_t{1} << 30;            // segment.bytes
  std::int64_t segment_ms = std::int64_t{7} * 24 * 3600 * 1000;    // segment.ms
  std::uint32_t index_interval_bytes = 4096;                       // index.interval.bytes
  std::uint32_t segment_index_bytes = 10u << 20;                   // segment.index.bytes
  std::uint32_t max_message_bytes = 1'048'588;                     // max.message.bytes
  TimestampType timestamp_type = TimestampType::kCreateTime;       // message.timestamp.type
  std::int64_t timestamp_before_max_ms = INT64_MAX;  // message.timestamp.before.max.ms
  std::int64_t timestamp_after_max_ms = 3'600'000;   // message.timestamp.after.max.ms
  std::int64_t file_delete_delay_ms = 60'000;        // file.delete.delay.ms
  std::int32_t min_insync_replicas = 1;              // min.insync.replicas
  FlushMode flush = FlushMode::kFsync;               // qalam.flush = fsync|interval|os
  std::int64_t flush_ms = 1000;                      // flush.ms (under qalam.flush=interval)
};

// One row of the table from which parsing, docs/reference/configuration.md, `topic describe` and
// the nearest-name hints all come.
struct TopicConfigKey {
  std::string_view key;
  std::string_view default_value;
  std::string_view type;  // "duration" "size" "integer" "one of fsync|interval|os" ...
  std::string_view description;
};
std::span<const TopicConfigKey> TopicConfigKeys();

// Parses `overrides` over `base`. Errors: kInvalidConfig (unknown key, naming the nearest; a value
// that is not allowed, naming what is).
Result<TopicConfig> ApplyTopicConfig(const TopicConfig& base,
                                     const std::map<std::string, std::string>& overrides);
// kInvalidConfig naming `key`, and the nearest key or what to use instead of a key that is Kafka's.
Error UnknownTopicConfigKey(std::string_view key);
// The value in force of `key`, which must be in the table, as text in canonical form: plain bytes
// and milliseconds, as Kafka's tools show them.
std::string TopicConfigValue(const TopicConfig& config, std::string_view key);

}  // namespace qalam
