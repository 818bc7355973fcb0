#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "tests/broker/api/broker_bench.h"

// The broker's answers about its own decisions, over real writer threads and files.
namespace qalam {
namespace {

class ExplainTest : public testing::Test {
 protected:
  void Start() {
    bench_.options.rings_directory = bench_.directory.File("rings");
    const Status started = bench_.Start();
    ASSERT_TRUE(started.ok()) << started.error().ToString();
  }
  Result<AppendResult> Append(AppendRequest request) {
    request.origin = std::make_shared<const Origin>("billing", "grpc", "ipv4:127.0.0.1:5");
    Question<AppendResult> question;
    bench_.broker->Append(std::move(request), question.reply());
    return question.Wait();
  }
  Result<RecordStory> Explain(const TopicPartition& partition, Offset offset) {
    Question<RecordStory> question;
    bench_.broker->ExplainRecord(partition, offset, question.reply());
    return question.Wait();
  }
  Result<RefusalList> Refusals(const TopicPartition& partition) {
    Question<RefusalList> question;
    bench_.broker->ListRefusals(partition, 100, question.reply());
    return question.Wait();
  }
  BrokerBench bench_;
};

TEST_F(ExplainTest, ARecordIsExplainedOnceItIsAcknowledgedAndAfterARestart) {
  Start();
  ASSERT_TRUE(bench_.Create("events").ok());
  AppendRequest request = BrokerBench::Request(kEvents, {"a", "b", "c"});
  request.expected_offset = 0;
  const auto appended = Append(request);
  ASSERT_TRUE(appended.ok()) << appended.error().ToString();
  const TimestampMs now = SystemClock::Get().NowMs();
  for (const bool restarted : {false, true}) {
    if (restarted) {
      EXPECT_TRUE(bench_.Stop());
      Start();
    }
    const auto story = Explain(kEvents, 1);
    ASSERT_TRUE(story.ok()) << story.error().ToString();
    const BatchStory& batch = story->batch;
    EXPECT_EQ(batch.sender.client_id, "billing");
    EXPECT_EQ(batch.sender.protocol, "grpc");
    EXPECT_EQ(batch.base_offset, 0);
    EXPECT_EQ(batch.last_offset, 2);
    EXPECT_EQ(batch.expected_offset, 0);
    EXPECT_EQ(batch.leader_epoch, appended->leader_epoch);
    EXPECT_EQ(batch.durability, Durability::kFsync);
    EXPECT_NEAR(static_cast<double>(batch.received_ms), static_cast<double>(now), 60'000);
    EXPECT_GT(batch.check_ns, 0);
    EXPECT_GT(batch.queue_ns, 0);
    ASSERT_TRUE(batch.group);
    EXPECT_GT(batch.group->write_ns, 0);
    EXPECT_GT(batch.group->sync_ns, 0);
    EXPECT_GE(batch.total_ns,
              batch.check_ns + batch.queue_ns + batch.group->write_ns + batch.group->sync_ns);
    EXPECT_FALSE(story->lines.empty());
  }
}

TEST_F(ExplainTest, WhatIsReadIsKnownToBeRead) {
  Start();
  ASSERT_TRUE(bench_.Create("events").ok());
  ASSERT_TRUE(Append(BrokerBench::Request(kEvents, {"a"})).ok());
  EXPECT_EQ(Explain(kEvents, 0)->batch.first_read_ns, -1);
  Question<FetchResult> question;
  FetchRequest fetch;
  fetch.partition = kEvents;
  bench_.broker->Fetch(fetch, question.reply());
  ASSERT_TRUE(question.Wait().ok());
  const auto pending = Explain(kEvents, 0)->batch.first_read_ns;
  EXPECT_GT(pending, 0);
  ASSERT_TRUE(Append(BrokerBench::Request(kEvents, {"b"})).ok());
  EXPECT_EQ(Explain(kEvents, 0)->batch.first_read_ns, pending);
  EXPECT_EQ(Explain(kEvents, 1)->batch.first_read_ns, -1);
}

TEST_F(ExplainTest, WhatIsNotThereIsSaidSo) {
  Start();
  ASSERT_TRUE(bench_.Create("events").ok());
  EXPECT_EQ(Explain(kEvents, 0).error().code(), ErrorCode::kOffsetOutOfRange);
  EXPECT_EQ(Explain({"event", 0}, 0).error().code(), ErrorCode::kUnknownTopic);
  EXPECT_EQ(Explain({"events", 1}, 0).error().code(), ErrorCode::kUnknownPartition);
  EXPECT_EQ(Refusals({"events", 1}).error().code(), ErrorCode::kUnknownPartition);
  ASSERT_TRUE(Append(BrokerBench::Request(kEvents, {"a"})).ok());
  EXPECT_EQ(Explain(kEvents, -1).error().code(), ErrorCode::kOffsetOutOfRange);
  EXPECT_EQ(Explain(kEvents, 1).error().code(), ErrorCode::kOffsetOutOfRange);
  EXPECT_TRUE(Explain(kEvents, 0).ok());
  // The ring without its file after a restart: the record is there, its story is not.
  EXPECT_TRUE(bench_.Stop());
  bench_.options.rings_directory = bench_.directory.File("others");
  ASSERT_TRUE(bench_.Start().ok());
  const auto forgotten = Explain(kEvents, 0);
  ASSERT_FALSE(forgotten.ok());
  EXPECT_EQ(forgotten.error().code(), ErrorCode::kNotFound);
}

TEST_F(ExplainTest, SwitchedOffItSaysWhichSettingDidIt) {
  bench_.options.explain_ring_bytes = 0;
  Start();
  ASSERT_TRUE(bench_.Create("events").ok());
  ASSERT_TRUE(Append(BrokerBench::Request(kEvents, {"a"})).ok());
  for (const Error& error : {Explain(kEvents, 0).error(), Refusals(kEvents).error()}) {
    EXPECT_EQ(error.code(), ErrorCode::kNotFound);
    EXPECT_NE(error.message().find("qalam.explain.ring.bytes"), std::string::npos);
  }
}

TEST_F(ExplainTest, RefusalsAreListedWithTheirReasonsAlsoAfterARestart) {
  Start();
  ASSERT_TRUE(bench_.Create("events").ok());
  AppendRequest unexpected = BrokerBench::Request(kEvents, {"a"});
  unexpected.expected_offset = 7;
  EXPECT_FALSE(Append(unexpected).ok());
  AppendRequest unknown = BrokerBench::Request(kEvents, {"a", "b"});
  unknown.producer_id = 17;
  unknown.producer_epoch = 0;
  unknown.base_sequence = 5;
  EXPECT_FALSE(Append(unknown).ok());
  for (const bool restarted : {false, true}) {
    if (restarted) {
      EXPECT_TRUE(bench_.Stop());
      Start();
    }
    const auto list = Refusals(kEvents);
    ASSERT_TRUE(list.ok());
    ASSERT_EQ(list->refusals.size(), 2u);
    const RefusalStory& newest = list->refusals[0];
    EXPECT_EQ(newest.code, ErrorCode::kUnknownProducer);
    EXPECT_EQ(newest.producer_id, 17);
    EXPECT_EQ(newest.base_sequence, 5);
    EXPECT_EQ(newest.records, 2);
    EXPECT_NE(newest.message.find("producer 17"), std::string::npos);
    const RefusalStory& oldest = list->refusals[1];
    EXPECT_EQ(oldest.code, ErrorCode::kUnexpectedOffset);
    EXPECT_EQ(oldest.expected_offset, 7);
    EXPECT_EQ(oldest.log_end_offset, 0);
    EXPECT_EQ(oldest.sender.client_id, "billing");
    EXPECT_LE(list->complete_since_ms, oldest.at_ms);
  }
}

}  // namespace
}  // namespace qalam
