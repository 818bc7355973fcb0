#pragma once

#include "broker/api/broker.h"
#include "qalam/v1/cluster.grpc.pb.h"

namespace qalam {

// ClusterService over a Broker. Thread: gRPC's.
class ClusterServiceImpl final : public v1::ClusterService::CallbackService {
 public:
  explicit ClusterServiceImpl(Broker& broker) : broker_(broker) {}
  grpc::ServerUnaryReactor* DescribeCluster(grpc::CallbackServerContext* context,
                                            const v1::DescribeClusterRequest* request,
                                            v1::DescribeClusterResponse* response) override;
  grpc::ServerUnaryReactor* ListBrokers(grpc::CallbackServerContext* context,
                                        const v1::ListBrokersRequest* request,
                                        v1::ListBrokersResponse* response) override;
  grpc::ServerUnaryReactor* ListPartitions(grpc::CallbackServerContext* context,
                                           const v1::ListPartitionsRequest* request,
                                           v1::ListPartitionsResponse* response) override;
  grpc::ServerUnaryReactor* GetConfig(grpc::CallbackServerContext* context,
                                      const v1::GetConfigRequest* request,
                                      v1::GetConfigResponse* response) override;
  grpc::ServerUnaryReactor* SetConfig(grpc::CallbackServerContext* context,
                                      const v1::SetConfigRequest* request,
                                      v1::SetConfigResponse* response) override;

 private:
  Broker& broker_;
};

}  // namespace qalam
