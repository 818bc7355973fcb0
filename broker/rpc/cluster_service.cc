#include "broker/rpc/cluster_service.h"

#include "broker/rpc/unary_call.h"
#include "broker/wire/topic_codec.h"

namespace qalam {

void ClusterService::AddTo(MethodTable& methods) {
  AddUnary(methods, "/qalam.v1.ClusterService/DescribeCluster", *this,
           &ClusterService::DescribeCluster);
  AddUnary(methods, "/qalam.v1.ClusterService/ListBrokers", *this, &ClusterService::ListBrokers);
  AddUnary(methods, "/qalam.v1.ClusterService/ListPartitions", *this,
           &ClusterService::ListPartitions);
  AddUnary(methods, "/qalam.v1.ClusterService/GetConfig", *this, &ClusterService::GetConfig);
  AddUnary(methods, "/qalam.v1.ClusterService/SetConfig", *this, &ClusterService::SetConfig);
}

void ClusterService::DescribeCluster(UnaryCallPtr call,
                                     const v1::DescribeClusterRequest& /*request*/) {
  broker_.DescribeCluster(AnswerTo<v1::DescribeClusterResponse, ClusterInfo>(
      std::move(call),
      [](const ClusterInfo& cluster, v1::DescribeClusterResponse& out) { ToProto(cluster, out); }));
}

void ClusterService::ListBrokers(UnaryCallPtr call, const v1::ListBrokersRequest& /*request*/) {
  broker_.DescribeCluster(AnswerTo<v1::ListBrokersResponse, ClusterInfo>(
      std::move(call), [](const ClusterInfo& cluster, v1::ListBrokersResponse& out) {
        for (const BrokerInfo& broker : cluster.brokers) ToProto(broker, *out.add_brokers());
      }));
}

void ClusterService::ListPartitions(UnaryCallPtr call, const v1::ListPartitionsRequest& request) {
  broker_.ListPartitions(
      {request.topic(), request.page_size(), request.page_token()},
      AnswerTo<v1::ListPartitionsResponse, Page<PartitionInfo>>(
          std::move(call), [](const Page<PartitionInfo>& page, v1::ListPartitionsResponse& out) {
            for (const PartitionInfo& partition : page.items)
              ToProto(partition, *out.add_partitions());
            out.set_next_page_token(page.next_token);
          }));
}

void ClusterService::GetConfig(UnaryCallPtr call, const v1::GetConfigRequest& request) {
  broker_.GetConfig(
      {request.keys().begin(), request.keys().end()},
      AnswerTo<v1::GetConfigResponse, std::vector<ConfigEntry>>(
          std::move(call), [](const std::vector<ConfigEntry>& entries, v1::GetConfigResponse& out) {
            ConfigToProto(entries, out);
          }));
}

void ClusterService::SetConfig(UnaryCallPtr call, const v1::SetConfigRequest& request) {
  broker_.SetConfig(
      ConfigChangeOf(request),
      AnswerTo<v1::SetConfigResponse, std::vector<ConfigEntry>>(
          std::move(call), [](const std::vector<ConfigEntry>& entries, v1::SetConfigResponse& out) {
            ConfigToProto(entries, out);
          }));
}

}  // namespace qalam
