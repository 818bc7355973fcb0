#include "broker/rpc/cluster_service.h"

#include "broker/rpc/unary.h"
#include "broker/wire/topic_codec.h"

namespace qalam {

grpc::ServerUnaryReactor* ClusterServiceImpl::DescribeCluster(
    grpc::CallbackServerContext* context, const v1::DescribeClusterRequest*,
    v1::DescribeClusterResponse* response) {
  auto* const reactor = context->DefaultReactor();
  broker_.DescribeCluster(FinishWith<ClusterInfo>(
      reactor, response,
      [](const ClusterInfo& cluster, v1::DescribeClusterResponse& out) { ToProto(cluster, out); }));
  return reactor;
}

grpc::ServerUnaryReactor* ClusterServiceImpl::ListBrokers(grpc::CallbackServerContext* context,
                                                          const v1::ListBrokersRequest*,
                                                          v1::ListBrokersResponse* response) {
  auto* const reactor = context->DefaultReactor();
  broker_.DescribeCluster(FinishWith<ClusterInfo>(
      reactor, response, [](const ClusterInfo& cluster, v1::ListBrokersResponse& out) {
        for (const BrokerInfo& broker : cluster.brokers) ToProto(broker, *out.add_brokers());
      }));
  return reactor;
}

grpc::ServerUnaryReactor* ClusterServiceImpl::ListPartitions(
    grpc::CallbackServerContext* context, const v1::ListPartitionsRequest* request,
    v1::ListPartitionsResponse* response) {
  auto* const reactor = context->DefaultReactor();
  broker_.ListPartitions(
      {request->topic(), request->page_size(), request->page_token()},
      FinishWith<Page<PartitionInfo>>(
          reactor, response, [](const Page<PartitionInfo>& page, v1::ListPartitionsResponse& out) {
            for (const PartitionInfo& partition : page.items)
              ToProto(partition, *out.add_partitions());
            out.set_next_page_token(page.next_token);
          }));
  return reactor;
}

grpc::ServerUnaryReactor* ClusterServiceImpl::GetConfig(grpc::CallbackServerContext* context,
                                                        const v1::GetConfigRequest* request,
                                                        v1::GetConfigResponse* response) {
  auto* const reactor = context->DefaultReactor();
  broker_.GetConfig({request->keys().begin(), request->keys().end()},
                    FinishWith<std::vector<ConfigEntry>>(
                        reactor, response,
                        [](const std::vector<ConfigEntry>& entries, v1::GetConfigResponse& out) {
                          ConfigToProto(entries, out);
                        }));
  return reactor;
}

grpc::ServerUnaryReactor* ClusterServiceImpl::SetConfig(grpc::CallbackServerContext* context,
                                                        const v1::SetConfigRequest* request,
                                                        v1::SetConfigResponse* response) {
  auto* const reactor = context->DefaultReactor();
  broker_.SetConfig(ConfigChangeOf(*request),
                    FinishWith<std::vector<ConfigEntry>>(
                        reactor, response,
                        [](const std::vector<ConfigEntry>& entries, v1::SetConfigResponse& out) {
                          ConfigToProto(entries, out);
                        }));
  return reactor;
}

}  // namespace qalam
