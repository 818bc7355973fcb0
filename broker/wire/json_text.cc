#include "broker/wire/json_text.h"

#include <google/protobuf/util/json_util.h>

#include "broker/wire/observe_codec.h"
#include "broker/wire/topic_codec.h"
#include "common/check.h"

namespace qalam {
namespace {

std::string Print(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  std::string text;
  // Fails only for messages that are no valid ones of their type.
  QALAM_CHECK(google::protobuf::util::MessageToJsonString(message, &text, options).ok());
  return text + "\n";
}

}  // namespace

std::string ToJsonText(const ClusterInfo& cluster) {
  v1::DescribeClusterResponse message;
  ToProto(cluster, message);
  return Print(message);
}

std::string ToJsonText(const Page<TopicInfo>& topics) {
  v1::ListTopicsResponse message;
  for (const TopicInfo& topic : topics.items) ToProto(topic, *message.add_topics());
  message.set_next_page_token(topics.next_token);
  return Print(message);
}

std::string ToJsonText(const TopicDescription& topic) {
  v1::DescribeTopicResponse message;
  ToProto(topic, message);
  return Print(message);
}

std::string ToJsonText(const Page<PartitionInfo>& partitions) {
  v1::ListPartitionsResponse message;
  for (const PartitionInfo& partition : partitions.items) {
    ToProto(partition, *message.add_partitions());
  }
  message.set_next_page_token(partitions.next_token);
  return Print(message);
}

std::string ToJsonText(const std::vector<ConfigEntry>& config) {
  v1::GetConfigResponse message;
  ConfigToProto(config, message);
  return Print(message);
}

std::string ToJsonText(const TopicInfo& topic) {
  v1::CreateTopicResponse message;
  ToProto(topic, *message.mutable_topic());
  return Print(message);
}

std::string ToJsonText(Offset log_start_offset) {
  v1::TrimPartitionResponse message;
  message.set_log_start_offset(log_start_offset);
  return Print(message);
}

std::string ToJsonText(const RecordStory& story) {
  v1::ExplainRecordResponse message;
  ToProto(story, message);
  return Print(message);
}

std::string ToJsonText(const RefusalList& refusals) {
  v1::ListRefusalsResponse message;
  ToProto(refusals, message);
  return Print(message);
}

}  // namespace qalam
