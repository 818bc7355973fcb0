#include "broker/rpc/topic_service.h"

#include "broker/rpc/unary.h"
#include "broker/wire/topic_codec.h"

namespace qalam {

grpc::ServerUnaryReactor* TopicServiceImpl::CreateTopic(grpc::CallbackServerContext* context,
                                                        const v1::CreateTopicRequest* request,
                                                        v1::CreateTopicResponse* response) {
  auto* const reactor = context->DefaultReactor();
  broker_.CreateTopic(
      FromProto(*request),
      FinishWith<TopicInfo>(reactor, response,
                            [](const TopicInfo& topic, v1::CreateTopicResponse& out) {
                              ToProto(topic, *out.mutable_topic());
                            }));
  return reactor;
}

grpc::ServerUnaryReactor* TopicServiceImpl::DeleteTopic(grpc::CallbackServerContext* context,
                                                        const v1::DeleteTopicRequest* request,
                                                        v1::DeleteTopicResponse* response) {
  auto* const reactor = context->DefaultReactor();
  broker_.DeleteTopic(
      request->name(), request->validate_only(),
      FinishWith<Unit>(reactor, response, [](const Unit&, v1::DeleteTopicResponse&) {}));
  return reactor;
}

grpc::ServerUnaryReactor* TopicServiceImpl::DescribeTopic(grpc::CallbackServerContext* context,
                                                          const v1::DescribeTopicRequest* request,
                                                          v1::DescribeTopicResponse* response) {
  auto* const reactor = context->DefaultReactor();
  broker_.DescribeTopic(
      request->name(),
      FinishWith<TopicDescription>(
          reactor, response, [](const TopicDescription& topic, v1::DescribeTopicResponse& out) {
            ToProto(topic, out);
          }));
  return reactor;
}

grpc::ServerUnaryReactor* TopicServiceImpl::ListTopics(grpc::CallbackServerContext* context,
                                                       const v1::ListTopicsRequest* request,
                                                       v1::ListTopicsResponse* response) {
  auto* const reactor = context->DefaultReactor();
  PageRequest page;
  page.size = request->page_size();
  page.token = request->page_token();
  broker_.ListTopics(
      std::move(page),
      FinishWith<Page<TopicInfo>>(reactor, response,
                                  [](const Page<TopicInfo>& topics, v1::ListTopicsResponse& out) {
                                    for (const TopicInfo& topic : topics.items)
                                      ToProto(topic, *out.add_topics());
                                    out.set_next_page_token(topics.next_token);
                                  }));
  return reactor;
}

grpc::ServerUnaryReactor* TopicServiceImpl::AlterTopicConfig(
    grpc::CallbackServerContext* context, const v1::AlterTopicConfigRequest* request,
    v1::AlterTopicConfigResponse* response) {
  auto* const reactor = context->DefaultReactor();
  broker_.AlterTopicConfig(
      request->name(), ConfigChangeOf(*request),
      FinishWith<std::vector<ConfigEntry>>(
          reactor, response,
          [](const std::vector<ConfigEntry>& entries, v1::AlterTopicConfigResponse& out) {
            ConfigToProto(entries, out);
          }));
  return reactor;
}

grpc::ServerUnaryReactor* TopicServiceImpl::TrimPartition(grpc::CallbackServerContext* context,
                                                          const v1::TrimPartitionRequest* request,
                                                          v1::TrimPartitionResponse* response) {
  auto* const reactor = context->DefaultReactor();
  broker_.TrimPartition(
      {request->topic(), request->partition()}, request->before_offset(), request->validate_only(),
      FinishWith<Offset>(reactor, response, [](Offset start, v1::TrimPartitionResponse& out) {
        out.set_log_start_offset(start);
      }));
  return reactor;
}

}  // namespace qalam
