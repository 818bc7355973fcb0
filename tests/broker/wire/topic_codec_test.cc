#include "broker/wire/topic_codec.h"

#include <gtest/gtest.h>

namespace qalam {
namespace {

TEST(TopicCodecTest, ACreateRequestArrivesWhole) {
  v1::CreateTopicRequest request;
  request.set_name("orders");
  request.set_partitions_count(4);
  request.set_replication_factor(1);
  request.set_validate_only(true);
  (*request.mutable_config())["retention.ms"] = "1000";
  const CreateTopicRequest decoded = FromProto(request);
  EXPECT_EQ(decoded.name, "orders");
  EXPECT_EQ(decoded.partitions_count, 4);
  EXPECT_EQ(decoded.replication_factor, 1);
  EXPECT_TRUE(decoded.validate_only);
  EXPECT_EQ(decoded.config, (ConfigMap{{"retention.ms", "1000"}}));
}

TEST(TopicCodecTest, ATopicShowsItsUuidOnceItHasOne) {
  TopicInfo topic;
  topic.name = "orders";
  topic.partitions_count = 4;
  topic.config["a"] = "b";
  v1::Topic out;
  ToProto(topic, out);
  EXPECT_EQ(out.topic_id(), "");
  topic.id = Uuid::Random();
  ToProto(topic, out);
  EXPECT_EQ(out.name(), "orders");
  EXPECT_EQ(out.topic_id(), topic.id.ToString());
  EXPECT_EQ(out.partitions_count(), 4);
  EXPECT_EQ(out.replication_factor(), 1);
  EXPECT_EQ(out.config().at("a"), "b");
}

TEST(TopicCodecTest, APartitionKeepsEveryField) {
  PartitionInfo partition;
  partition.partition = {"orders", 1};
  partition.leader = 2;
  partition.leader_epoch = 3;
  partition.replicas = {2, 4};
  partition.isr = {2};
  partition.log_start_offset = 5;
  partition.high_watermark = 6;
  partition.log_end_offset = 7;
  partition.durable_offset = 8;
  partition.size_bytes = 9;
  partition.writer_thread = 10;
  partition.segments_count = 11;
  partition.status = "offline: CORRUPTION: x";
  v1::PartitionInfo out;
  ToProto(partition, out);
  EXPECT_EQ(out.topic(), "orders");
  EXPECT_EQ(out.partition(), 1);
  EXPECT_EQ(out.leader(), 2);
  EXPECT_EQ(out.leader_epoch(), 3);
  EXPECT_EQ(out.replicas_size(), 2);
  EXPECT_EQ(out.isr(0), 2);
  EXPECT_EQ(out.log_start_offset(), 5);
  EXPECT_EQ(out.high_watermark(), 6);
  EXPECT_EQ(out.log_end_offset(), 7);
  EXPECT_EQ(out.durable_offset(), 8);
  EXPECT_EQ(out.size_bytes(), 9);
  EXPECT_EQ(out.writer_thread(), 10);
  EXPECT_EQ(out.segments_count(), 11);
  EXPECT_EQ(out.status(), "offline: CORRUPTION: x");
}

TEST(TopicCodecTest, ConfigChangesAndEntries) {
  v1::AlterTopicConfigRequest request;
  (*request.mutable_set())["a"] = "1";
  request.add_unset("b");
  request.set_validate_only(true);
  const ConfigChange change = ConfigChangeOf(request);
  EXPECT_EQ(change.set, (ConfigMap{{"a", "1"}}));
  EXPECT_EQ(change.unset, std::vector<std::string>{"b"});
  EXPECT_TRUE(change.validate_only);

  const std::pair<ConfigEntry::Source, v1::ConfigEntry::Source> sources[] = {
      {ConfigEntry::Source::kDefault, v1::ConfigEntry::SOURCE_DEFAULT},
      {ConfigEntry::Source::kBroker, v1::ConfigEntry::SOURCE_BROKER},
      {ConfigEntry::Source::kDynamic, v1::ConfigEntry::SOURCE_DYNAMIC},
      {ConfigEntry::Source::kTopic, v1::ConfigEntry::SOURCE_TOPIC}};
  for (const auto& [ours, theirs] : sources) {
    v1::ConfigEntry out;
    ToProto(ConfigEntry{"key", "value", ours, true, "what it is"}, out);
    EXPECT_EQ(out.key(), "key");
    EXPECT_EQ(out.value(), "value");
    EXPECT_EQ(out.source(), theirs);
    EXPECT_TRUE(out.dynamic());
    EXPECT_EQ(out.description(), "what it is");
  }
}

TEST(TopicCodecTest, AClusterKeepsEveryField) {
  ClusterInfo cluster;
  cluster.cluster_id = "c";
  cluster.topics_count = 1;
  cluster.partitions_count = 2;
  cluster.offline_partitions_count = 3;
  cluster.problems = {"disk full"};
  cluster.brokers.push_back({1, "127.0.0.1:7420", "0.1.0", 2, 3, 4, 5, 6, "dir"});
  v1::DescribeClusterResponse out;
  ToProto(cluster, out);
  EXPECT_EQ(out.cluster_id(), "c");
  EXPECT_EQ(out.topics_count(), 1);
  EXPECT_EQ(out.partitions_count(), 2);
  EXPECT_EQ(out.offline_partitions_count(), 3);
  EXPECT_EQ(out.problems(0), "disk full");
  const v1::Broker& broker = out.brokers(0);
  EXPECT_EQ(broker.id(), 1);
  EXPECT_EQ(broker.address(), "127.0.0.1:7420");
  EXPECT_EQ(broker.version(), "0.1.0");
  EXPECT_EQ(broker.started_ms(), 2);
  EXPECT_EQ(broker.writer_threads(), 3);
  EXPECT_EQ(broker.log_bytes(), 4);
  EXPECT_EQ(broker.disk_free_bytes(), 5);
  EXPECT_EQ(broker.resident_bytes(), 6);
  EXPECT_EQ(broker.data_directory_id(), "dir");
}

}  // namespace
}  // namespace qalam
