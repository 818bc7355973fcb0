#pragma once

#include "broker/api/requests.h"
#include "qalam/v1/cluster.pb.h"
#include "qalam/v1/topic.pb.h"

namespace qalam {

// The messages of TopicService and ClusterService. Thread: any.
CreateTopicRequest FromProto(const v1::CreateTopicRequest& request);
void ToProto(const TopicInfo& topic, v1::Topic& out);
void ToProto(const PartitionInfo& partition, v1::PartitionInfo& out);
void ToProto(const ConfigEntry& entry, v1::ConfigEntry& out);
void ToProto(const BrokerInfo& broker, v1::Broker& out);
void ToProto(const TopicDescription& description, v1::DescribeTopicResponse& out);
void ToProto(const ClusterInfo& cluster, v1::DescribeClusterResponse& out);

// AlterTopicConfigRequest and SetConfigRequest have these three fields in common.
template <typename Request>
ConfigChange ConfigChangeOf(const Request& request) {
  ConfigChange change;
  change.set = {request.set().begin(), request.set().end()};
  change.unset = {request.unset().begin(), request.unset().end()};
  change.validate_only = request.validate_only();
  return change;
}
template <typename Entries, typename Out>
void ConfigToProto(const Entries& entries, Out& out) {
  for (const ConfigEntry& entry : entries) ToProto(entry, *out.add_config());
}

}  // namespace qalam
