#pragma once

#include "broker/api/broker.h"
#include "broker/rpc/unary_call.h"
#include "qalam/v1/topic.pb.h"

namespace qalam {

// TopicService over a Broker. Thread: gRPC's.
class TopicService final {
 public:
  explicit TopicService(Broker& broker) : broker_(broker) {}
  void AddTo(MethodTable& methods);  // Which it must outlive.

 private:
  void CreateTopic(UnaryCallPtr call, const v1::CreateTopicRequest& request);
  void DeleteTopic(UnaryCallPtr call, const v1::DeleteTopicRequest& request);
  void DescribeTopic(UnaryCallPtr call, const v1::DescribeTopicRequest& request);
  void ListTopics(UnaryCallPtr call, const v1::ListTopicsRequest& request);
  void AlterTopicConfig(UnaryCallPtr call, const v1::AlterTopicConfigRequest& request);
  void TrimPartition(UnaryCallPtr call, const v1::TrimPartitionRequest& request);

  Broker& broker_;
};

}  // namespace qalam
