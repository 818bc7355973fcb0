#pragma once

#include <string>
#include <vector>

#include "broker/api/broker_figures.h"
#include "broker/api/explain.h"
#include "broker/api/open_streams.h"
#include "broker/api/requests.h"

namespace qalam {

// What the API answers, as the proto3 JSON of the gRPC message of that name: int64 are strings,
// fields without a value are there. Thread: any.
std::string ToJsonText(const ClusterInfo& cluster);             // DescribeClusterResponse
std::string ToJsonText(const Page<TopicInfo>& topics);          // ListTopicsResponse
std::string ToJsonText(const TopicDescription& topic);          // DescribeTopicResponse
std::string ToJsonText(const Page<PartitionInfo>& partitions);  // ListPartitionsResponse
// GetConfigResponse; AlterTopicConfigResponse and SetConfigResponse are the same.
std::string ToJsonText(const std::vector<ConfigEntry>& config);
std::string ToJsonText(const TopicInfo& topic);                           // CreateTopicResponse
std::string ToJsonText(Offset log_start_offset);                          // TrimPartitionResponse
std::string ToJsonText(const BrokerFigures& figures, bool writers_only);  // ReadFiguresResponse
std::string ToJsonText(const StreamList& streams);                        // ListStreamsResponse
std::string ToJsonText(const RecordStory& story);                         // ExplainRecordResponse
std::string ToJsonText(const RefusalList& refusals);                      // ListRefusalsResponse

}  // namespace qalam
