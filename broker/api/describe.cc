#include "broker/api/describe.h"

#include "broker/metadata/topic_config.h"
#include "common/nearest_name.h"

namespace qalam {

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

PartitionInfo DescribePartition(const PartitionHandle& handle, const PartitionImage& image) {
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
  if (const auto problem = handle.problem.Load()) info.status = "offline: " + problem->ToString();
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
  for (const auto& topic : known) names.push_back(topic->image->name);
  Error error =
      Error(ErrorCode::kUnknownTopic, "no topic \"" + std::string(name.substr(0, 64)) + "\"")
          .With("topic", std::string(name.substr(0, 249)));
  if (const std::string_view nearest = NearestName(name, names); !nearest.empty()) {
    error = std::move(error).With("nearest", std::string(nearest));
  }
  return error;
}

}  // namespace qalam
