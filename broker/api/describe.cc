#include "broker/api/describe.h"

#include "broker/metadata/topic_config.h"
#include "common/nearest_name.h"

namespace qalam {
namespace {

constexpr std::size_t kSearchedMax = 10'000;  // A wrong name must not cost much.
constexpr std::chrono::minutes kRefusalShown{1};
constexpr std::size_t kNameShown = 249;  // No topic has a longer name.

}  // namespace

TopicInfo DescribeTopicImage(const TopicImage& image) {
  TopicInfo info;
  info.name = image.name;
  info.id = image.id;
  info.partitions_count = static_cast<std::int32_t>(image.partitions.size());
  info.replication_factor =
      image.partitions.empty()
          ? 1
          : static_cast<std::int32_t>(image.partitions.front().replicas.size());
  info.config = image.overrides;
  return info;
}

std::optional<std::string> RecentRefusal(const PartitionHandle& handle, MonotonicTime now) {
  const auto refusal = handle.write_refusal.Load();
  if (!refusal || now - refusal->at > kRefusalShown) return std::nullopt;
  return "appends refused: " + refusal->error.ToString();
}

std::string DescribeStatus(const PartitionHandle& handle, MonotonicTime now) {
  if (const auto problem = handle.problem.Load()) return "offline: " + problem->ToString();
  return RecentRefusal(handle, now).value_or("ok");
}

PartitionInfo DescribePartition(const PartitionHandle& handle, const PartitionImage& image,
                                MonotonicTime now) {
  PartitionInfo info;
  info.partition = handle.name;
  info.leader = image.leader;
  info.leader_epoch = image.leader_epoch;
  info.replicas = image.replicas;
  info.isr = image.isr;
  info.writer_thread = handle.writer.number();
  if (const auto view = handle.view.Load()) {
    info.log_start_offset = view->log_start_offset();
    info.high_watermark = handle.high_watermark.Load();
    info.log_end_offset = view->end_offset();
    info.durable_offset = handle.durable_offset.load();
    info.size_bytes = static_cast<std::int64_t>(view->size_bytes());
    info.segments_count = static_cast<std::int32_t>(view->segments_count());
  }
  info.status = DescribeStatus(handle, now);
  return info;
}

std::vector<ConfigEntry> DescribeTopicConfig(const TopicImage& image) {
  std::vector<ConfigEntry> entries;
  const TopicConfig built_in;
  for (const TopicConfigKey& key : TopicConfigKeys()) {
    ConfigEntry entry;
    entry.key = key.key;
    entry.value = TopicConfigValue(image.config, key.key);
    entry.dynamic = true;
    entry.description = key.description;
    if (image.overrides.contains(entry.key)) {
      entry.source = ConfigEntry::Source::kTopic;
    } else if (entry.value != TopicConfigValue(built_in, key.key)) {
      entry.source = ConfigEntry::Source::kBroker;
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

Error UnknownTopic(std::string_view name,
                   const std::vector<std::shared_ptr<const HostedTopic>>& known) {
  std::vector<std::string_view> names;
  if (known.size() <= kSearchedMax) {
    for (const auto& topic : known) names.push_back(topic->image->name);
  }
  const std::string_view nearest = NearestName(name, names);
  std::string message = "no topic named \"" + std::string(name.substr(0, kNameShown)) + "\"";
  if (!nearest.empty()) message += "; the nearest is \"" + std::string(nearest) + "\"";
  Error error(ErrorCode::kUnknownTopic, std::move(message));
  (void)std::move(error).With("topic", std::string(name.substr(0, kNameShown)));
  if (!nearest.empty()) (void)std::move(error).With("nearest", std::string(nearest));
  return error;
}

}  // namespace qalam
