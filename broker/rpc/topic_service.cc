#include "broker/rpc/topic_service.h"

#include "broker/rpc/unary_call.h"
#include "broker/wire/topic_codec.h"

namespace qalam {

void TopicService::AddTo(MethodTable& methods) {
  AddUnary(methods, "/qalam.v1.TopicService/CreateTopic", *this, &TopicService::CreateTopic);
  AddUnary(methods, "/qalam.v1.TopicService/DeleteTopic", *this, &TopicService::DeleteTopic);
  AddUnary(methods, "/qalam.v1.TopicService/DescribeTopic", *this, &TopicService::DescribeTopic);
  AddUnary(methods, "/qalam.v1.TopicService/ListTopics", *this, &TopicService::ListTopics);
  AddUnary(methods, "/qalam.v1.TopicService/AlterTopicConfig", *this,
           &TopicService::AlterTopicConfig);
  AddUnary(methods, "/qalam.v1.TopicService/TrimPartition", *this, &TopicService::TrimPartition);
}

void TopicService::CreateTopic(UnaryCallPtr call, const v1::CreateTopicRequest& request) {
  broker_.CreateTopic(FromProto(request), AnswerTo<v1::CreateTopicResponse, TopicInfo>(
                                              std::move(call), [](const TopicInfo& topic,
                                                                  v1::CreateTopicResponse& out) {
                                                ToProto(topic, *out.mutable_topic());
                                              }));
}

void TopicService::DeleteTopic(UnaryCallPtr call, const v1::DeleteTopicRequest& request) {
  broker_.DeleteTopic(request.name(), request.validate_only(),
                      AnswerTo<v1::DeleteTopicResponse, Unit>(
                          std::move(call), [](const Unit&, v1::DeleteTopicResponse&) {}));
}

void TopicService::DescribeTopic(UnaryCallPtr call, const v1::DescribeTopicRequest& request) {
  broker_.DescribeTopic(request.name(), AnswerTo<v1::DescribeTopicResponse, TopicDescription>(
                                            std::move(call), [](const TopicDescription& topic,
                                                                v1::DescribeTopicResponse& out) {
                                              ToProto(topic, out);
                                            }));
}

void TopicService::ListTopics(UnaryCallPtr call, const v1::ListTopicsRequest& request) {
  PageRequest page;
  page.size = request.page_size();
  page.token = request.page_token();
  broker_.ListTopics(std::move(page), AnswerTo<v1::ListTopicsResponse, Page<TopicInfo>>(
                                          std::move(call), [](const Page<TopicInfo>& topics,
                                                              v1::ListTopicsResponse& out) {
                                            for (const TopicInfo& topic : topics.items)
                                              ToProto(topic, *out.add_topics());
                                            out.set_next_page_token(topics.next_token);
                                          }));
}

void TopicService::AlterTopicConfig(UnaryCallPtr call, const v1::AlterTopicConfigRequest& request) {
  broker_.AlterTopicConfig(
      request.name(), ConfigChangeOf(request),
      AnswerTo<v1::AlterTopicConfigResponse, std::vector<ConfigEntry>>(
          std::move(call), [](const std::vector<ConfigEntry>& entries,
                              v1::AlterTopicConfigResponse& out) { ConfigToProto(entries, out); }));
}

void TopicService::TrimPartition(UnaryCallPtr call, const v1::TrimPartitionRequest& request) {
  broker_.TrimPartition(
      {request.topic(), request.partition()}, request.before_offset(), request.validate_only(),
      AnswerTo<v1::TrimPartitionResponse, Offset>(
          std::move(call),
          [](Offset start, v1::TrimPartitionResponse& out) { out.set_log_start_offset(start); }));
}

}  // namespace qalam
