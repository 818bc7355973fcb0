#include "broker/wire/topic_codec.h"

namespace qalam {

CreateTopicRequest FromProto(const v1::CreateTopicRequest& request) {
  CreateTopicRequest out;
  out.name = request.name();
  out.partitions_count = request.partitions_count();
  out.replication_factor = request.replication_factor();
  out.config = {request.config().begin(), request.config().end()};
  out.validate_only = request.validate_only();
  return out;
}

void ToProto(const TopicInfo& topic, v1::Topic& out) {
  out.set_name(topic.name);
  if (!topic.id.is_nil()) out.set_topic_id(topic.id.ToString());
  out.set_partitions_count(topic.partitions_count);
  out.set_replication_factor(topic.replication_factor);
  out.mutable_config()->insert(topic.config.begin(), topic.config.end());
}

void ToProto(const PartitionInfo& partition, v1::PartitionInfo& out) {
  out.set_topic(partition.partition.topic);
  out.set_partition(partition.partition.partition);
  out.set_leader(partition.leader);
  out.set_leader_epoch(partition.leader_epoch);
  out.mutable_replicas()->Add(partition.replicas.begin(), partition.replicas.end());
  out.mutable_isr()->Add(partition.isr.begin(), partition.isr.end());
  out.set_log_start_offset(partition.log_start_offset);
  out.set_high_watermark(partition.high_watermark);
  out.set_log_end_offset(partition.log_end_offset);
  out.set_durable_offset(partition.durable_offset);
  out.set_size_bytes(partition.size_bytes);
  out.set_writer_thread(partition.writer_thread);
  out.set_segments_count(partition.segments_count);
  out.set_status(partition.status);
}

void ToProto(const ConfigEntry& entry, v1::ConfigEntry& out) {
  out.set_key(entry.key);
  out.set_value(entry.value);
  switch (entry.source) {
    case ConfigEntry::Source::kDefault:
      out.set_source(v1::ConfigEntry::SOURCE_DEFAULT);
      break;
    case ConfigEntry::Source::kBroker:
      out.set_source(v1::ConfigEntry::SOURCE_BROKER);
      break;
    case ConfigEntry::Source::kDynamic:
      out.set_source(v1::ConfigEntry::SOURCE_DYNAMIC);
      break;
    case ConfigEntry::Source::kTopic:
      out.set_source(v1::ConfigEntry::SOURCE_TOPIC);
      break;
  }
  out.set_dynamic(entry.dynamic);
  out.set_description(entry.description);
}

void ToProto(const BrokerInfo& broker, v1::Broker& out) {
  out.set_id(broker.id);
  out.set_address(broker.address);
  out.set_version(broker.version);
  out.set_started_ms(broker.started_ms);
  out.set_writer_threads(broker.writer_threads);
  out.set_log_bytes(broker.log_bytes);
  out.set_disk_free_bytes(broker.disk_free_bytes);
  out.set_resident_bytes(broker.resident_bytes);
  out.set_data_directory_id(broker.data_directory_id);
}

void ToProto(const TopicDescription& description, v1::DescribeTopicResponse& out) {
  ToProto(description.topic, *out.mutable_topic());
  for (const PartitionInfo& partition : description.partitions)
    ToProto(partition, *out.add_partitions());
  ConfigToProto(description.config, out);
}

void ToProto(const ClusterInfo& cluster, v1::DescribeClusterResponse& out) {
  out.set_cluster_id(cluster.cluster_id);
  for (const BrokerInfo& broker : cluster.brokers) ToProto(broker, *out.add_brokers());
  out.set_topics_count(cluster.topics_count);
  out.set_partitions_count(cluster.partitions_count);
  out.set_offline_partitions_count(cluster.offline_partitions_count);
  for (const std::string& problem : cluster.problems) out.add_problems(problem);
}

}  // namespace qalam
