#include "qalam/admin.h"

#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/impl/codegen/client_unary_call.h>

#include <utility>

#include "client/cluster_client.h"
#include "qalam/v1/cluster.grpc.pb.h"
#include "qalam/v1/log.grpc.pb.h"
#include "qalam/v1/topic.grpc.pb.h"

namespace qalam::abi0 {
namespace {

using v1::ClusterService;
using v1::LogService;
using v1::TopicService;

TopicInfo FromWire(const v1::Topic& topic) {
  TopicInfo info;
  info.name = topic.name();
  info.topic_id = topic.topic_id();
  info.partitions_count = topic.partitions_count();
  info.replication_factor = topic.replication_factor();
  info.config.insert(topic.config().begin(), topic.config().end());
  return info;
}

const char* SourceName(v1::ConfigEntry::Source source) {
  switch (source) {
    case v1::ConfigEntry::SOURCE_BROKER:
      return "broker";
    case v1::ConfigEntry::SOURCE_DYNAMIC:
      return "dynamic";
    case v1::ConfigEntry::SOURCE_TOPIC:
      return "topic";
    default:
      return "default";
  }
}

template <typename Repeated>
std::vector<ConfigEntry> ConfigFromWire(const Repeated& entries) {
  std::vector<ConfigEntry> config;
  config.reserve(static_cast<std::size_t>(entries.size()));
  for (const v1::ConfigEntry& entry : entries) {
    config.push_back({entry.key(), entry.value(), SourceName(entry.source()), entry.dynamic(),
                      entry.description()});
  }
  return config;
}

PartitionInfo FromWire(const v1::PartitionInfo& partition) {
  PartitionInfo info;
  info.topic = partition.topic();
  info.partition = partition.partition();
  info.leader = partition.leader();
  info.leader_epoch = partition.leader_epoch();
  info.replicas.assign(partition.replicas().begin(), partition.replicas().end());
  info.isr.assign(partition.isr().begin(), partition.isr().end());
  info.log_start_offset = partition.log_start_offset();
  info.high_watermark = partition.high_watermark();
  info.log_end_offset = partition.log_end_offset();
  info.durable_offset = partition.durable_offset();
  info.size_bytes = partition.size_bytes();
  info.writer_thread = partition.writer_thread();
  info.segments_count = partition.segments_count();
  info.status = partition.status();
  return info;
}

BrokerInfo FromWire(const v1::Broker& broker) {
  BrokerInfo info;
  info.id = broker.id();
  info.address = broker.address();
  info.version = broker.version();
  info.started_ms = broker.started_ms();
  info.writer_threads = broker.writer_threads();
  info.log_bytes = broker.log_bytes();
  info.disk_free_bytes = broker.disk_free_bytes();
  info.resident_bytes = broker.resident_bytes();
  info.data_directory_id = broker.data_directory_id();
  return info;
}

template <typename Wire, typename Plain>
std::vector<Plain> ListFromWire(const google::protobuf::RepeatedPtrField<Wire>& items) {
  std::vector<Plain> list;
  list.reserve(static_cast<std::size_t>(items.size()));
  for (const Wire& item : items) list.push_back(FromWire(item));
  return list;
}

// What is left of `timeout` since `start`, for calls that come in pages.
std::chrono::milliseconds Left(std::chrono::milliseconds timeout,
                               std::chrono::steady_clock::time_point start) {
  const auto spent = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - start);
  return std::max(timeout - spent, std::chrono::milliseconds(0));
}

// grpc.health.v1.HealthCheckRequest{service = 1}; its answer has {status = 1}. Debian's gRPC comes
// without generated code for the two.
grpc::ByteBuffer HealthRequest(const std::string& service) {
  std::string bytes;
  if (!service.empty()) {
    bytes.push_back('\x0a');
    for (std::size_t length = service.size(); true; length >>= 7) {
      const bool more = length >= 0x80;
      bytes.push_back(static_cast<char>((length & 0x7F) | (more ? 0x80 : 0)));
      if (!more) break;
    }
    bytes += service;
  }
  const grpc::Slice slice(bytes);
  return grpc::ByteBuffer(&slice, 1);
}

HealthState HealthFromWire(const grpc::ByteBuffer& answer) {
  grpc::Slice slice;
  if (!answer.Valid() || !answer.DumpToSingleSlice(&slice).ok()) return HealthState::kUnknown;
  if (slice.size() < 2 || slice.begin()[0] != 0x08) return HealthState::kUnknown;
  switch (slice.begin()[1]) {
    case 1:
      return HealthState::kServing;
    case 2:
      return HealthState::kNotServing;
    default:
      return HealthState::kUnknown;
  }
}

// A call that only validates changes nothing.
CallKind ChangeOf(const char* what, std::string way_out, bool validate_only) {
  return validate_only ? CallKind::Read() : CallKind::Change(what, std::move(way_out));
}

}  // namespace

Admin Admin::WithTimeout(std::chrono::milliseconds timeout) const {
  return Admin(cluster_, std::max(timeout, std::chrono::milliseconds(1)));
}

Result<TopicInfo> Admin::CreateTopic(const TopicSpec& spec, bool validate_only) const {
  v1::CreateTopicRequest request;
  request.set_name(spec.name);
  request.set_partitions_count(spec.partitions_count);
  request.set_replication_factor(spec.replication_factor);
  request.mutable_config()->insert(spec.config.begin(), spec.config.end());
  request.set_validate_only(validate_only);
  const auto answer = cluster_->Call<TopicService>(
      &TopicService::Stub::CreateTopic, request, timeout_,
      ChangeOf("topic create",
               "Look with `qalam topic describe " + spec.name +
                   "`, or send it again: a topic that exists is refused.",
               validate_only));
  if (!answer.ok()) return answer.error();
  return FromWire(answer->topic());
}

Status Admin::DeleteTopic(const std::string& name, bool validate_only) const {
  v1::DeleteTopicRequest request;
  request.set_name(name);
  request.set_validate_only(validate_only);
  const auto answer = cluster_->Call<TopicService>(
      &TopicService::Stub::DeleteTopic, request, timeout_,
      ChangeOf("topic delete",
               "Look with `qalam topic describe " + name +
                   "`, or send it again: a topic that is gone is refused.",
               validate_only));
  if (!answer.ok()) return answer.error();
  if (!validate_only) cluster_->metadata().ForgetTopic(name);
  return {};
}

Result<TopicDescription> Admin::DescribeTopic(const std::string& name) const {
  v1::DescribeTopicRequest request;
  request.set_name(name);
  const auto answer = cluster_->Call<TopicService>(&TopicService::Stub::DescribeTopic, request,
                                                   timeout_, CallKind::Read());
  if (!answer.ok()) return answer.error();
  TopicDescription description;
  description.topic = FromWire(answer->topic());
  description.partitions = ListFromWire<v1::PartitionInfo, PartitionInfo>(answer->partitions());
  description.config = ConfigFromWire(answer->config());
  return description;
}

Result<std::vector<TopicInfo>> Admin::ListTopics() const {
  const auto start = std::chrono::steady_clock::now();
  std::vector<TopicInfo> topics;
  v1::ListTopicsRequest request;
  do {
    const auto answer = cluster_->Call<TopicService>(&TopicService::Stub::ListTopics, request,
                                                     Left(timeout_, start), CallKind::Read());
    if (!answer.ok()) return answer.error();
    for (const v1::Topic& topic : answer->topics()) topics.push_back(FromWire(topic));
    request.set_page_token(answer->next_page_token());
  } while (!request.page_token().empty());
  return topics;
}

Result<std::vector<ConfigEntry>> Admin::AlterTopicConfig(const std::string& name,
                                                         const ConfigChange& change,
                                                         bool validate_only) const {
  v1::AlterTopicConfigRequest request;
  request.set_name(name);
  request.mutable_set()->insert(change.set.begin(), change.set.end());
  for (const std::string& key : change.unset) request.add_unset(key);
  request.set_validate_only(validate_only);
  const auto answer = cluster_->Call<TopicService>(
      &TopicService::Stub::AlterTopicConfig, request, timeout_,
      ChangeOf("topic alter",
               "Look with `qalam topic describe " + name + "`, or send it again: twice is as once.",
               validate_only));
  if (!answer.ok()) return answer.error();
  return ConfigFromWire(answer->config());
}

Result<std::int64_t> Admin::Trim(const TopicPartition& partition,
                                 std::optional<std::int64_t> before_offset,
                                 bool validate_only) const {
  v1::TrimPartitionRequest request;
  request.set_topic(partition.topic);
  request.set_partition(partition.partition);
  request.set_before_offset(before_offset.value_or(-1));
  request.set_validate_only(validate_only);
  const auto answer = cluster_->Call<TopicService>(
      &TopicService::Stub::TrimPartition, request, timeout_,
      ChangeOf("topic trim",
               "Look with `qalam topic offsets " + partition.topic +
                   "`, or send it again with the same offset: twice is as once.",
               validate_only));
  if (!answer.ok()) return ErrorAt(answer.error(), partition);
  return answer->log_start_offset();
}

Result<std::vector<OffsetAnswer>> Admin::ListOffsets(
    const std::string& topic, const std::vector<OffsetQuery>& queries) const {
  v1::ListOffsetsRequest request;
  request.set_topic(topic);
  for (const OffsetQuery& query : queries) {
    auto& wire = *request.add_queries();
    wire.set_partition(query.partition);
    switch (query.at.kind()) {
      case From::Kind::kStart:
        wire.set_earliest(true);
        break;
      case From::Kind::kEnd:
        wire.set_latest(true);
        break;
      case From::Kind::kTime:
        wire.set_timestamp_ms(query.at.number());
        break;
      case From::Kind::kMaxTimestamp:
        wire.set_max_timestamp(true);
        break;
      default:
        return Error("INVALID_ARGUMENT",
                     "ListOffsets answers Start, End, Time and MaxTimestamp only");
    }
  }
  const auto answer = cluster_->Call<LogService>(&LogService::Stub::ListOffsets, request, timeout_,
                                                 CallKind::Read());
  if (!answer.ok()) return answer.error();
  std::vector<OffsetAnswer> answers;
  for (const v1::ListOffsetsResponse::Result& result : answer->results()) {
    OffsetAnswer plain;
    plain.partition = result.partition();
    plain.offset = result.offset();
    plain.timestamp_ms = result.timestamp_ms();
    plain.leader_epoch = result.leader_epoch();
    if (result.has_error())
      plain.status = ErrorAt(ErrorFromWire(result.error(), {}), {topic, result.partition()});
    answers.push_back(std::move(plain));
  }
  return answers;
}

Result<std::vector<PartitionInfo>> Admin::ListPartitions(const std::string& topic) const {
  const auto start = std::chrono::steady_clock::now();
  std::vector<PartitionInfo> partitions;
  v1::ListPartitionsRequest request;
  request.set_topic(topic);
  do {
    const auto answer = cluster_->Call<ClusterService>(
        &ClusterService::Stub::ListPartitions, request, Left(timeout_, start), CallKind::Read());
    if (!answer.ok()) return answer.error();
    for (const v1::PartitionInfo& one : answer->partitions()) partitions.push_back(FromWire(one));
    request.set_page_token(answer->next_page_token());
  } while (!request.page_token().empty());
  return partitions;
}

Result<ClusterInfo> Admin::DescribeCluster() const {
  const auto answer =
      cluster_->Call<ClusterService>(&ClusterService::Stub::DescribeCluster,
                                     v1::DescribeClusterRequest(), timeout_, CallKind::Read());
  if (!answer.ok()) return answer.error();
  ClusterInfo info;
  info.cluster_id = answer->cluster_id();
  info.brokers = ListFromWire<v1::Broker, BrokerInfo>(answer->brokers());
  info.topics_count = answer->topics_count();
  info.partitions_count = answer->partitions_count();
  info.offline_partitions_count = answer->offline_partitions_count();
  info.problems.assign(answer->problems().begin(), answer->problems().end());
  return info;
}

Result<std::vector<BrokerInfo>> Admin::ListBrokers() const {
  const auto answer = cluster_->Call<ClusterService>(
      &ClusterService::Stub::ListBrokers, v1::ListBrokersRequest(), timeout_, CallKind::Read());
  if (!answer.ok()) return answer.error();
  return ListFromWire<v1::Broker, BrokerInfo>(answer->brokers());
}

Result<std::vector<ConfigEntry>> Admin::GetConfig(const std::vector<std::string>& keys) const {
  v1::GetConfigRequest request;
  for (const std::string& key : keys) request.add_keys(key);
  const auto answer = cluster_->Call<ClusterService>(&ClusterService::Stub::GetConfig, request,
                                                     timeout_, CallKind::Read());
  if (!answer.ok()) return answer.error();
  return ConfigFromWire(answer->config());
}

Result<std::vector<ConfigEntry>> Admin::SetConfig(const ConfigChange& change,
                                                  bool validate_only) const {
  v1::SetConfigRequest request;
  request.mutable_set()->insert(change.set.begin(), change.set.end());
  for (const std::string& key : change.unset) request.add_unset(key);
  request.set_validate_only(validate_only);
  const auto answer = cluster_->Call<ClusterService>(
      &ClusterService::Stub::SetConfig, request, timeout_,
      ChangeOf("config set", "Look with `qalam config get`, or send it again: twice is as once.",
               validate_only));
  if (!answer.ok()) return answer.error();
  return ConfigFromWire(answer->config());
}

Result<HealthState> Admin::Health(const std::string& service) const {
  const grpc::ByteBuffer request = HealthRequest(service);
  grpc::ByteBuffer response;
  const Status status = cluster_->Repeat(
      timeout_, CallKind::Read(), [&](const Connection& to, grpc::ClientContext& context) {
        const grpc::internal::RpcMethod method("/grpc.health.v1.Health/Check", nullptr,
                                               grpc::internal::RpcMethod::NORMAL_RPC);
        return grpc::internal::BlockingUnaryCall<grpc::ByteBuffer, grpc::ByteBuffer>(
            to.channel.get(), method, &context, request, &response);
      });
  if (!status.ok()) return status.error();
  return HealthFromWire(response);
}

}  // namespace qalam::abi0
