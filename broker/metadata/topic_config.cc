#include "broker/metadata/topic_config.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

#include "common/check.h"
#include "common/nearest_name.h"
#include "common/units.h"

namespace qalam {
namespace {

constexpr std::int64_t kInt64Max = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kInt32Max = std::numeric_limits<std::int32_t>::max();

using Parse = Status (*)(TopicConfig& config, std::string_view text);
using Format = std::string (*)(const TopicConfig& config);

struct Row {
  std::string_view key;
  std::string_view type;
  std::string_view description;
  Parse parse;
  Format format;
};

Error NotAllowed(std::string_view text, std::int64_t least, std::int64_t most) {
  std::string message = "\"" + std::string(text.substr(0, 64)) + "\" is out of range: at least " +
                        std::to_string(least);
  if (most != kInt64Max) message += ", at most " + std::to_string(most);
  return Error(ErrorCode::kInvalidConfig, std::move(message));
}

// Numbers: `kReader` understands the units, `kLeast` and `kMost` are the bounds.
template <auto kMember, auto kReader, std::int64_t kLeast, std::int64_t kMost>
Status ParseNumber(TopicConfig& config, std::string_view text) {
  QALAM_ASSIGN_OR_RETURN(const std::int64_t value, kReader(text));
  if (value < kLeast || value > kMost) return NotAllowed(text, kLeast, kMost);
  auto& member = config.*kMember;
  member = static_cast<std::remove_reference_t<decltype(member)>>(value);
  return OkStatus();
}

template <auto kMember>
std::string FormatNumber(const TopicConfig& config) {
  return std::to_string(config.*kMember);
}

template <typename Enum>
struct Word {
  std::string_view word;
  Enum value;
};

template <typename Enum, std::size_t kCount>
Result<Enum> ParseWord(std::string_view text, const std::array<Word<Enum>, kCount>& words) {
  std::string allowed;
  for (const auto& [word, value] : words) {
    if (word == text) return value;
    if (!allowed.empty()) allowed += ", ";
    allowed += word;
  }
  return Error(ErrorCode::kInvalidConfig,
               "\"" + std::string(text.substr(0, 64)) + "\" is not one of " + allowed);
}

template <typename Enum, std::size_t kCount>
std::string FormatWord(Enum wanted, const std::array<Word<Enum>, kCount>& words) {
  for (const auto& [word, value] : words) {
    if (value == wanted) return std::string(word);
  }
  QALAM_CHECK(false);
}

constexpr std::array<Word<TimestampType>, 2> kTimestampTypes = {
    {{"CreateTime", TimestampType::kCreateTime}, {"LogAppendTime", TimestampType::kLogAppendTime}}};
constexpr std::array<Word<FlushMode>, 3> kFlushModes = {
    {{"fsync", FlushMode::kFsync}, {"interval", FlushMode::kInterval}, {"os", FlushMode::kOs}}};

Status ParseTimestampType(TopicConfig& config, std::string_view text) {
  QALAM_ASSIGN_OR_RETURN(config.timestamp_type, ParseWord(text, kTimestampTypes));
  return OkStatus();
}
std::string FormatTimestampType(const TopicConfig& config) {
  return FormatWord(config.timestamp_type, kTimestampTypes);
}
Status ParseFlush(TopicConfig& config, std::string_view text) {
  QALAM_ASSIGN_OR_RETURN(config.flush, ParseWord(text, kFlushModes));
  return OkStatus();
}
std::string FormatFlush(const TopicConfig& config) { return FormatWord(config.flush, kFlushModes); }

template <auto kMember, std::int64_t kLeast, std::int64_t kMost = kInt64Max>
constexpr Row Duration(std::string_view key, std::string_view description) {
  return {key, "duration", description, &ParseNumber<kMember, &ParseDurationMs, kLeast, kMost>,
          &FormatNumber<kMember>};
}
template <auto kMember, std::int64_t kLeast, std::int64_t kMost = kInt64Max>
constexpr Row Size(std::string_view key, std::string_view description) {
  return {key, "size", description, &ParseNumber<kMember, &ParseSizeBytes, kLeast, kMost>,
          &FormatNumber<kMember>};
}
template <auto kMember, std::int64_t kLeast, std::int64_t kMost = kInt64Max>
constexpr Row Integer(std::string_view key, std::string_view description) {
  return {key, "integer", description, &ParseNumber<kMember, &ParseInteger, kLeast, kMost>,
          &FormatNumber<kMember>};
}

using C = TopicConfig;
constexpr auto kRows = std::to_array<Row>({
    Duration<&C::retention_ms, -1>(
        "retention.ms",
        "How long records are kept: a segment is deleted once its newest record is older. -1: for "
        "ever."),
    Size<&C::retention_bytes, -1>(
        "retention.bytes",
        "How large a partition may grow before its oldest segments are deleted. -1: no bound."),
    Size<&C::segment_bytes, 4096, kInt32Max>(
        "segment.bytes", "A segment file of this size is sealed and the next one started."),
    Duration<&C::segment_ms, 1>("segment.ms", "A segment of this age is sealed."),
    Size<&C::index_interval_bytes, 0, kInt32Max>(
        "index.interval.bytes", "An index entry for every so many bytes of records."),
    Size<&C::segment_index_bytes, 1024, kInt32Max>(
        "segment.index.bytes", "A segment is sealed when one of its indexes reaches this size."),
    Size<&C::max_message_bytes, 128, kInt32Max>(
        "max.message.bytes",
        "The largest batch that is accepted, headers included, as sent (compressed)."),
    Row{"message.timestamp.type", "one of CreateTime|LogAppendTime",
        "Whether records keep the producer's time or get the time of their append.",
        &ParseTimestampType, &FormatTimestampType},
    Duration<&C::timestamp_before_max_ms, 0>(
        "message.timestamp.before.max.ms",
        "A record whose time lies further than this in the past is refused (CreateTime only)."),
    Duration<&C::timestamp_after_max_ms, 0>(
        "message.timestamp.after.max.ms",
        "A record whose time lies further than this in the future is refused (CreateTime only)."),
    Duration<&C::file_delete_delay_ms, 0>(
        "file.delete.delay.ms", "How long a deleted segment's files stay on disk, renamed."),
    Integer<&C::min_insync_replicas, 1, kInt32Max>(
        "min.insync.replicas",
        "How many replicas must have a record before acks=all is answered. Not more than there "
        "are."),
    Row{"qalam.flush", "one of fsync|interval|os",
        "What an acknowledgement means. fsync: the record is on the disk. interval: it is written, "
        "and synced every flush.ms. os: it is written, and synced when the operating system likes. "
        "The last two can lose acknowledged records when power fails.",
        &ParseFlush, &FormatFlush},
    Duration<&C::flush_ms, 1>("flush.ms", "Time between two syncs under qalam.flush=interval."),
});

// Kafka's keys that are deliberately not ours, and what to do instead.
struct Foreign {
  std::string_view key;
  std::string_view instead;
};
constexpr auto kForeign = std::to_array<Foreign>({
    {"flush.messages",
     "records are synced before they are acknowledged unless qalam.flush says otherwise"},
    {"cleanup.policy", "every topic deletes by retention.ms and retention.bytes"},
    {"compression.type", "batches are stored as the producer compressed them"},
    {"unclean.leader.election.enable", "a replica that may lack records never becomes leader"},
    {"preallocate", "space is prepared as it measures best"},
    {"message.timestamp.difference.max.ms",
     "use message.timestamp.before.max.ms and message.timestamp.after.max.ms"},
});

const Row* FindRow(std::string_view key) {
  const auto* row = std::find_if(kRows.begin(), kRows.end(),
                                 [&](const Row& candidate) { return candidate.key == key; });
  return row == kRows.end() ? nullptr : row;
}

}  // namespace

std::span<const TopicConfigKey> TopicConfigKeys() {
  static const std::vector<std::string> defaults = [] {
    std::vector<std::string> texts;
    for (const Row& row : kRows) texts.push_back(row.format(TopicConfig{}));
    return texts;
  }();
  static const std::vector<TopicConfigKey> keys = [] {
    std::vector<TopicConfigKey> rows;
    for (std::size_t i = 0; i < kRows.size(); ++i) {
      rows.push_back({kRows[i].key, defaults[i], kRows[i].type, kRows[i].description});
    }
    return rows;
  }();
  return keys;
}

Error UnknownTopicConfigKey(std::string_view key) {
  std::string message = "unknown topic setting \"" + std::string(key.substr(0, 64)) + "\"";
  for (const Foreign& foreign : kForeign) {
    if (foreign.key == key) {
      message += ": ";
      message += foreign.instead;
      return Error(ErrorCode::kInvalidConfig, std::move(message)).With("key", std::string(key));
    }
  }
  std::vector<std::string_view> names;
  for (const Row& row : kRows) names.push_back(row.key);
  const std::string_view nearest = NearestName(key, names);
  if (nearest.empty()) {
    message += "; docs/reference/configuration.md lists them all";
    return Error(ErrorCode::kInvalidConfig, std::move(message)).With("key", std::string(key));
  }
  message += "; did you mean \"" + std::string(nearest) + "\"?";
  return Error(ErrorCode::kInvalidConfig, std::move(message))
      .With("key", std::string(key))
      .With("nearest", std::string(nearest));
}

Result<TopicConfig> ApplyTopicConfig(const TopicConfig& base,
                                     const std::map<std::string, std::string>& overrides) {
  TopicConfig config = base;
  for (const auto& [key, value] : overrides) {
    const Row* row = FindRow(key);
    if (row == nullptr) return UnknownTopicConfigKey(key);
    if (const Status parsed = row->parse(config, value); !parsed.ok()) {
      return Error(ErrorCode::kInvalidConfig, key + ": " + parsed.error().message())
          .With("key", key);
    }
  }
  return config;
}

std::string TopicConfigValue(const TopicConfig& config, std::string_view key) {
  const Row* row = FindRow(key);
  QALAM_CHECK(row != nullptr);
  return row->format(config);
}

}  // namespace qalam
