#pragma once

#include "broker/api/broker.h"
#include "qalam/v1/topic.grpc.pb.h"

namespace qalam {

// TopicService over a Broker. Thread: gRPC's.
class TopicServiceImpl final : public v1::TopicService::CallbackService {
 public:
  explicit TopicServiceImpl(Broker& broker) : broker_(broker) {}
  grpc::ServerUnaryReactor* CreateTopic(grpc::CallbackServerContext* context,
                                        const v1::CreateTopicRequest* request,
                                        v1::CreateTopicResponse* response) override;
  grpc::ServerUnaryReactor* DeleteTopic(grpc::CallbackServerContext* context,
                                        const v1::DeleteTopicRequest* request,
                                        v1::DeleteTopicResponse* response) override;
  grpc::ServerUnaryReactor* DescribeTopic(grpc::CallbackServerContext* context,
                                          const v1::DescribeTopicRequest* request,
                                          v1::DescribeTopicResponse* response) override;
  grpc::ServerUnaryReactor* ListTopics(grpc::CallbackServerContext* context,
                                       const v1::ListTopicsRequest* request,
                                       v1::ListTopicsResponse* response) override;
  grpc::ServerUnaryReactor* AlterTopicConfig(grpc::CallbackServerContext* context,
                                             const v1::AlterTopicConfigRequest* request,
                                             v1::AlterTopicConfigResponse* response) override;
  grpc::ServerUnaryReactor* TrimPartition(grpc::CallbackServerContext* context,
                                          const v1::TrimPartitionRequest* request,
                                          v1::TrimPartitionResponse* response) override;

 private:
  Broker& broker_;
};

}  // namespace qalam
