#pragma once

#include <string>
#include <vector>

#include "broker/api/requests.h"

namespace qalam {

// What the API answers, as the proto3 JSON of the gRPC message of that name: int64 are strings,
// fields without a value are there. Thread: any.
std::string ToJsonText(const ClusterInfo& cluster);              // DescribeClusterResponse
std::string ToJsonText(const Page<TopicInfo>& topics);           // ListTopicsResponse
std::string ToJsonText(const TopicDescription& topic);           // DescribeTopicResponse
std::string ToJsonText(const Page<PartitionInfo>& partitions);   // ListPartitionsResponse
std::string ToJsonText(const std::vector<ConfigEntry>& config);  // GetConfigResponse

}  // namespace qalam
