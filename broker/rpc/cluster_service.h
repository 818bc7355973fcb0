#pragma once

#include "broker/api/broker.h"
#include "broker/rpc/unary_call.h"
#include "qalam/v1/cluster.pb.h"

namespace qalam {

// ClusterService over a Broker. Thread: gRPC's.
class ClusterService final {
 public:
  explicit ClusterService(Broker& broker) : broker_(broker) {}
  void AddTo(MethodTable& methods);  // Which it must outlive.

 private:
  void DescribeCluster(UnaryCallPtr call, const v1::DescribeClusterRequest& request);
  void ListBrokers(UnaryCallPtr call, const v1::ListBrokersRequest& request);
  void ListPartitions(UnaryCallPtr call, const v1::ListPartitionsRequest& request);
  void GetConfig(UnaryCallPtr call, const v1::GetConfigRequest& request);
  void SetConfig(UnaryCallPtr call, const v1::SetConfigRequest& request);

  Broker& broker_;
};

}  // namespace qalam
