#include "client/cli/topic_output.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdio>
#include <map>

#include "common/units.h"

namespace qalam::cli {
namespace {

using nlohmann::ordered_json;

// "7 d", or as it is where it is no number of milliseconds.
std::string Readable(const std::string& milliseconds) {
  const auto number = ParseInteger(milliseconds);
  if (!number.ok()) return milliseconds;
  return *number < 0 ? "for ever" : FormatDuration(*number);
}

}  // namespace

ordered_json PartitionJson(const abi0::PartitionInfo& partition) {
  return {{"partition", partition.partition},
          {"leader", partition.leader},
          {"leader_epoch", partition.leader_epoch},
          {"replicas", partition.replicas},
          {"isr", partition.isr},
          {"log_start_offset", partition.log_start_offset},
          {"high_watermark", partition.high_watermark},
          {"log_end_offset", partition.log_end_offset},
          {"durable_offset", partition.durable_offset},
          {"size_bytes", partition.size_bytes},
          {"writer_thread", partition.writer_thread},
          {"segments_count", partition.segments_count},
          {"status", partition.status}};
}

ordered_json TopicJson(const abi0::TopicInfo& topic) {
  return {{"name", topic.name},
          {"topic_id", topic.topic_id},
          {"partitions", topic.partitions_count},
          {"replication_factor", topic.replication_factor},
          {"config", topic.config}};
}

ordered_json DescriptionJson(const abi0::TopicDescription& description) {
  ordered_json document = {{"name", description.topic.name},
                           {"topic_id", description.topic.topic_id},
                           {"replication_factor", description.topic.replication_factor}};
  document["partitions"] = ordered_json::array();
  for (const auto& partition : description.partitions)
    document["partitions"].push_back(PartitionJson(partition));
  document["config"] = ordered_json::object();
  for (const auto& entry : description.config) document["config"][entry.key] = entry.value;
  return document;
}

void PrintDescription(const abi0::TopicDescription& description, bool wide) {
  std::map<std::string, std::string> config;
  for (const auto& entry : description.config) config[entry.key] = entry.value;
  std::int64_t bytes = 0;
  std::uint64_t problems = 0;
  for (const auto& partition : description.partitions) {
    bytes += partition.size_bytes;
    problems += partition.status != "ok";
  }
  const auto count = static_cast<std::uint64_t>(description.topic.partitions_count);
  std::printf("%s\n",
              fmt::format("{}  {}  RF {}  flush {}  retention {}  {}  {}", description.topic.name,
                          Counted(count, "partition"), description.topic.replication_factor,
                          config["qalam.flush"], Readable(config["retention.ms"]),
                          HumanBytes(bytes), problems == 0 ? "ok" : Counted(problems, "problem"))
                  .c_str());
  PrintPartitions(description.partitions, false, wide);
  if (!wide) return;
  std::printf("\n");
  std::vector<std::vector<std::string>> rows = {{"SETTING", "VALUE", "FROM", "MEANING"}};
  for (const auto& entry : description.config)
    rows.push_back({entry.key, entry.value, entry.source, entry.description});
  PrintTable(rows);
}

void PrintPartitions(const std::vector<abi0::PartitionInfo>& partitions, bool with_topic,
                     bool wide) {
  std::vector<std::string> head;
  if (with_topic) head.push_back("TOPIC");
  for (const char* title : {"PART", "LEADER", "EPOCH", "WRITER", "START", "HIGH", "SIZE"})
    head.push_back(title);
  if (wide) {
    for (const char* title : {"END", "DURABLE", "SEGMENTS", "REPLICAS", "ISR"})
      head.push_back(title);
  }
  head.push_back("STATUS");
  std::vector<std::vector<std::string>> rows = {head};
  for (const auto& p : partitions) {
    std::vector<std::string>& row = rows.emplace_back();
    if (with_topic) row.push_back(p.topic);
    row.push_back(std::to_string(p.partition));
    row.push_back(p.leader < 0 ? "none" : std::to_string(p.leader));
    row.push_back(std::to_string(p.leader_epoch));
    row.push_back(std::to_string(p.writer_thread));
    row.push_back(HumanNumber(p.log_start_offset));
    row.push_back(HumanNumber(p.high_watermark));
    row.push_back(HumanBytes(p.size_bytes));
    if (wide) {
      row.push_back(HumanNumber(p.log_end_offset));
      row.push_back(HumanNumber(p.durable_offset));
      row.push_back(std::to_string(p.segments_count));
      row.push_back(fmt::format("{}", fmt::join(p.replicas, ",")));
      row.push_back(fmt::format("{}", fmt::join(p.isr, ",")));
    }
    row.push_back(p.status);
  }
  PrintTable(rows);
}

}  // namespace qalam::cli
