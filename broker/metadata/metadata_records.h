#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "broker/metadata/cluster_image.h"
#include "common/ids.h"
#include "common/result.h"

namespace qalam {

// Keys and values of the metadata store, as docs/formats/metadata.md says. Values are lines of
// text, "version 1" first: readable with any RocksDB tool, and refused when a newer version wrote
// them. Pure. Thread: any.

inline constexpr std::string_view kClusterIdKey = "cluster/id";
inline constexpr std::string_view kNextProducerIdKey = "producer/next_id";
inline constexpr std::string_view kDynamicConfigPrefix = "config/";
inline constexpr std::string_view kPartitionPrefix = "partition/";
inline constexpr std::string_view kTopicPrefix = "topic/";

std::string TopicKey(std::string_view topic);
std::string PartitionKey(std::string_view topic, PartitionId partition);

struct TopicRecord {
  std::string name;  // In the key.
  Uuid id;
  std::int32_t partitions_count = 0;
  std::map<std::string, std::string> overrides;
};
struct PartitionRecord {
  std::string topic;  // In the key, as the number.
  PartitionId partition = 0;
  PartitionImage image;
};

std::string EncodeTopic(const TopicRecord& topic);
std::string EncodePartition(const PartitionImage& partition);
// Errors: kMetadataDamaged, kUnsupportedFormat (a newer version).
Result<TopicRecord> DecodeTopic(std::string_view key, std::string_view value);
Result<PartitionRecord> DecodePartition(std::string_view key, std::string_view value);
Result<std::int64_t> DecodeNumber(std::string_view key, std::string_view value);

}  // namespace qalam
