#include "broker/metadata/metadata_records.h"

#include <charconv>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

namespace qalam {
namespace {

constexpr std::string_view kVersionLine = "version 1\n";
constexpr std::size_t kPartitionDigits = 10;

Error Damaged(std::string_view key, std::string_view what) {
  return Error(ErrorCode::kMetadataDamaged,
               "metadata entry \"" + std::string(key) + "\": " + std::string(what))
      .With("key", std::string(key));
}

template <typename Number>
std::optional<Number> ToNumber(std::string_view text) {
  Number number{};
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || rest != end) return std::nullopt;
  return number;
}

std::string JoinNodes(const std::vector<NodeId>& nodes) {
  std::string text;
  for (const NodeId node : nodes) {
    if (!text.empty()) text += ",";
    text += std::to_string(node);
  }
  return text;
}

std::optional<std::vector<NodeId>> SplitNodes(std::string_view text) {
  std::vector<NodeId> nodes;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    const std::optional<NodeId> node = ToNumber<NodeId>(text.substr(0, comma));
    if (!node) return std::nullopt;
    nodes.push_back(*node);
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
  }
  return nodes;
}

// The lines after "version 1", each as word and rest.
using Lines = std::vector<std::pair<std::string_view, std::string_view>>;

Result<Lines> SplitLines(std::string_view key, std::string_view value) {
  if (!value.starts_with(kVersionLine)) {
    if (value.starts_with("version ")) {
      return Error(ErrorCode::kUnsupportedFormat, "metadata entry \"" + std::string(key) +
                                                      "\" was written by a newer version of Qalam");
    }
    return Damaged(key, "no version");
  }
  value.remove_prefix(kVersionLine.size());
  Lines lines;
  while (!value.empty()) {
    const std::size_t end = value.find('\n');
    if (end == std::string_view::npos) return Damaged(key, "the last line is cut");
    const std::string_view line = value.substr(0, end);
    value.remove_prefix(end + 1);
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos) return Damaged(key, "a line without a value");
    lines.emplace_back(line.substr(0, space), line.substr(space + 1));
  }
  return lines;
}

}  // namespace

std::string TopicKey(std::string_view topic) {
  return std::string(kTopicPrefix) + std::string(topic);
}

std::string PartitionKey(std::string_view topic, PartitionId partition) {
  std::string number = std::to_string(partition);
  number.insert(0, kPartitionDigits - number.size(), '0');
  return std::string(kPartitionPrefix) + std::string(topic) + "/" + number;
}

std::string EncodeTopic(const TopicRecord& topic) {
  std::string text(kVersionLine);
  text += "id " + topic.id.ToString() + "\n";
  text += "partitions " + std::to_string(topic.partitions_count) + "\n";
  for (const auto& [key, value] : topic.overrides) text += "config " + key + "=" + value + "\n";
  return text;
}

std::string EncodePartition(const PartitionImage& partition) {
  std::string text(kVersionLine);
  text += "leader " + std::to_string(partition.leader) + "\n";
  text += "epoch " + std::to_string(partition.leader_epoch) + "\n";
  text += "replicas " + JoinNodes(partition.replicas) + "\n";
  text += "isr " + JoinNodes(partition.isr) + "\n";
  return text;
}

Result<TopicRecord> DecodeTopic(std::string_view key, std::string_view value) {
  TopicRecord topic;
  topic.name = std::string(key.substr(kTopicPrefix.size()));
  if (!ValidateTopicName(topic.name).ok()) return Damaged(key, "not a topic's name");
  QALAM_ASSIGN_OR_RETURN(const Lines lines, SplitLines(key, value));
  for (const auto& [word, rest] : lines) {
    if (word == "id") {
      Result<Uuid> id = Uuid::Parse(rest);
      if (!id.ok()) return Damaged(key, id.error().message());
      topic.id = *id;
    } else if (word == "partitions") {
      topic.partitions_count = ToNumber<std::int32_t>(rest).value_or(0);
    } else if (word == "config") {
      const std::size_t equals = rest.find('=');
      if (equals == std::string_view::npos) return Damaged(key, "a setting without a value");
      topic.overrides[std::string(rest.substr(0, equals))] = std::string(rest.substr(equals + 1));
    } else {
      return Damaged(key, "unknown word \"" + std::string(word.substr(0, 32)) + "\"");
    }
  }
  if (topic.id.is_nil()) return Damaged(key, "no id");
  if (topic.partitions_count < 1) return Damaged(key, "no count of partitions");
  return topic;
}

Result<PartitionRecord> DecodePartition(std::string_view key, std::string_view value) {
  PartitionRecord record;
  const std::string_view place = key.substr(kPartitionPrefix.size());
  const std::size_t slash = place.rfind('/');
  const std::optional<PartitionId> number = slash == std::string_view::npos
                                                ? std::nullopt
                                                : ToNumber<PartitionId>(place.substr(slash + 1));
  if (!number || *number < 0) return Damaged(key, "no partition's number");
  record.topic = std::string(place.substr(0, slash));
  record.partition = *number;
  QALAM_ASSIGN_OR_RETURN(const Lines lines, SplitLines(key, value));
  for (const auto& [word, rest] : lines) {
    bool readable = true;
    if (word == "leader") {
      const auto leader = ToNumber<NodeId>(rest);
      readable = leader.has_value();
      record.image.leader = leader.value_or(-1);
    } else if (word == "epoch") {
      const auto epoch = ToNumber<Epoch>(rest);
      readable = epoch.has_value() && *epoch >= 0;
      record.image.leader_epoch = epoch.value_or(kNoEpoch);
    } else if (word == "replicas" || word == "isr") {
      auto nodes = SplitNodes(rest);
      readable = nodes.has_value() && !nodes->empty();
      if (readable) (word == "isr" ? record.image.isr : record.image.replicas) = std::move(*nodes);
    } else {
      readable = false;
    }
    if (!readable) {
      return Damaged(key, "can't read \"" + std::string(word.substr(0, 32)) + " " +
                              std::string(rest.substr(0, 32)) + "\"");
    }
  }
  if (record.image.replicas.empty() || record.image.isr.empty() ||
      record.image.leader_epoch == kNoEpoch) {
    return Damaged(key, "leader, epoch, replicas and isr must all be there");
  }
  return record;
}

Result<std::int64_t> DecodeNumber(std::string_view key, std::string_view value) {
  const auto number = ToNumber<std::int64_t>(value);
  if (!number) return Damaged(key, "not a number");
  return *number;
}

}  // namespace qalam
