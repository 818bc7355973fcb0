#include "broker/metadata/metadata_records.h"

#include <gtest/gtest.h>

#include <string>

namespace qalam {
namespace {

// The stored form, byte for byte: old stores must stay readable.
constexpr std::string_view kTopicText =
    "version 1\n"
    "id AAAAAAAAAAAAAAAAAAAABw\n"
    "partitions 3\n"
    "config retention.ms=7d\n";
constexpr std::string_view kPartitionText =
    "version 1\n"
    "leader 1\n"
    "epoch 7\n"
    "replicas 1,2\n"
    "isr 1\n";

TopicRecord SomeTopic() {
  TopicRecord topic;
  topic.name = "orders";
  topic.id.bytes[15] = 7;
  topic.partitions_count = 3;
  topic.overrides = {{"retention.ms", "7d"}};
  return topic;
}

TEST(MetadataRecordsTest, TheStoredFormStaysAsItIs) {
  EXPECT_EQ(EncodeTopic(SomeTopic()), kTopicText);
  EXPECT_EQ(EncodePartition({1, 7, {1, 2}, {1}}), kPartitionText);
  EXPECT_EQ(TopicKey("orders"), "topic/orders");
  EXPECT_EQ(PartitionKey("orders", 12), "partition/orders/0000000012");
}

TEST(MetadataRecordsTest, ReadsWhatItWrote) {
  const auto topic = DecodeTopic("topic/orders", kTopicText);
  ASSERT_TRUE(topic.ok());
  EXPECT_EQ(topic->name, "orders");
  EXPECT_EQ(topic->id, SomeTopic().id);
  EXPECT_EQ(topic->partitions_count, 3);
  EXPECT_EQ(topic->overrides, SomeTopic().overrides);
  const auto partition = DecodePartition("partition/orders/0000000012", kPartitionText);
  ASSERT_TRUE(partition.ok());
  EXPECT_EQ(partition->topic, "orders");
  EXPECT_EQ(partition->partition, 12);
  EXPECT_EQ(partition->image.leader_epoch, 7);
  EXPECT_EQ(partition->image.replicas, (std::vector<NodeId>{1, 2}));
  EXPECT_EQ(partition->image.isr, std::vector<NodeId>{1});
}

TEST(MetadataRecordsTest, ANewerVersionIsRefusedAsSuch) {
  const auto topic = DecodeTopic("topic/orders", "version 2\nwhatever\n");
  ASSERT_FALSE(topic.ok());
  EXPECT_EQ(topic.error().code(), ErrorCode::kUnsupportedFormat);
}

TEST(MetadataRecordsTest, EveryCutIsNoticed) {
  for (std::size_t n = 0; n < kPartitionText.size(); ++n) {
    const auto partition =
        DecodePartition("partition/orders/0000000012", kPartitionText.substr(0, n));
    EXPECT_FALSE(partition.ok()) << n;
  }
  for (std::size_t n = 0; n < kTopicText.find("config"); ++n) {
    if (n == kTopicText.find("config")) continue;
    EXPECT_FALSE(DecodeTopic("topic/orders", kTopicText.substr(0, n)).ok()) << n;
  }
}

TEST(MetadataRecordsTest, NonsenseIsDamageAndNeverAValue) {
  for (const std::string_view text :
       {"", "version 1\n", "version 1\nleader x\n", "version 1\nleader 1\nepoch -5\n",
        "version 1\nleader 1\nepoch 1\nreplicas \nisr 1\n",
        "version 1\nleader 1\nepoch 1\nreplicas 1\nisr 1\nmore 1\n",
        "version 1\nleader 1\nepoch 99999999999\nreplicas 1\nisr 1\n"}) {
    const auto partition = DecodePartition("partition/orders/0000000000", text);
    ASSERT_FALSE(partition.ok()) << text;
    EXPECT_EQ(partition.error().code(), ErrorCode::kMetadataDamaged) << text;
  }
  EXPECT_FALSE(DecodePartition("partition/orders", kPartitionText).ok());
  EXPECT_FALSE(DecodePartition("partition/orders/-1", kPartitionText).ok());
  EXPECT_FALSE(DecodeTopic("topic/../etc", kTopicText).ok());
  EXPECT_FALSE(DecodeNumber("producer/next_id", "12x").ok());
}

}  // namespace
}  // namespace qalam
