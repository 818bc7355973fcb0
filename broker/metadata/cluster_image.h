#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "broker/metadata/topic_config.h"
#include "common/ids.h"

namespace qalam {

struct PartitionImage {
  NodeId leader = -1;
  Epoch leader_epoch = kNoEpoch;
  std::vector<NodeId> replicas;
  std::vector<NodeId> isr;
};

struct TopicImage {
  std::string name;
  Uuid id;
  std::map<std::string, std::string> overrides;  // As set on the topic.
  TopicConfig config;                            // In force.
  std::vector<PartitionImage> partitions;        // Index is the partition's number.
};

// Everything the metadata says, at one revision. Immutable. Thread: any.
struct ClusterImage {
  std::uint64_t revision = 0;
  std::string cluster_id;
  std::map<std::string, std::shared_ptr<const TopicImage>> topics;  // By name.
};

}  // namespace qalam
