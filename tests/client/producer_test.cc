#include "qalam/producer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "client/partitioner.h"
#include "common/record/batch_header.h"
#include "qalam/client.h"
#include "tests/client/fake_broker.h"

namespace qalam::abi0 {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using Then = FakeBroker::Then;

Record ToPartition(std::int32_t partition, std::string value) {
  Record record("orders", std::nullopt, std::move(value));
  record.partition = partition;
  return record;
}

std::vector<std::string> Values(const FakeBroker& broker, std::int32_t partition = 0) {
  std::vector<std::string> values;
  for (const auto& record : broker.Records("orders", partition)) values.push_back(record.value);
  return values;
}

std::vector<std::string> Numbered(int count) {
  std::vector<std::string> values;
  for (int i = 0; i < count; ++i) values.push_back("v" + std::to_string(i));
  return values;
}

class ProducerTest : public ::testing::Test {
 protected:
  ProducerTest() : client_(broker_.Connect()) { broker_.CreateTopic("orders", 4); }

  // One record a batch: what happens to batches is then easy to say.
  static ProducerOptions OneByOne() {
    ProducerOptions options;
    options.batch_bytes = 1;
    return options;
  }

  FakeBroker broker_;
  Client client_;
};

TEST_F(ProducerTest, DeliversARecordAndReportsWhereItIs) {
  Producer producer = client_.NewProducer();
  Record record = ToPartition(2, "paid");
  record.key = "42";
  record.headers.Add("trace", "ab12");
  record.timestamp_ms = 1234;
  const auto report = producer.Send(std::move(record)).Get();
  ASSERT_TRUE(report.ok()) << report.error().what();
  EXPECT_EQ(report->topic, "orders");
  EXPECT_EQ(report->partition, 2);
  EXPECT_EQ(report->offset, 0);
  EXPECT_EQ(report->leader_epoch, 3);
  EXPECT_EQ(report->durability, Durability::kFsync);
  EXPECT_EQ(report->timestamp_ms, 1234);
  EXPECT_FALSE(report->duplicate);
  ASSERT_EQ(broker_.Records("orders", 2).size(), 1u);
  EXPECT_EQ(broker_.Records("orders", 2)[0].key, "42");
  EXPECT_EQ(broker_.client_ids(), std::vector<std::string>{"qalam-cpp"});
}

TEST_F(ProducerTest, KeepsTheOrderOfManyRecordsAndGivesEachItsOffset) {
  Producer producer = client_.NewProducer();
  std::vector<Delivery> deliveries;
  for (const std::string& value : Numbered(5000)) {
    deliveries.push_back(producer.Send(ToPartition(0, value)));
  }
  ASSERT_TRUE(producer.Flush(10s).ok());
  EXPECT_EQ(Values(broker_), Numbered(5000));
  for (std::size_t i = 0; i < deliveries.size(); ++i) {
    ASSERT_TRUE(deliveries[i].done());
    ASSERT_EQ(deliveries[i].Get()->offset, static_cast<std::int64_t>(i));
  }
  EXPECT_EQ(producer.stats().records_acked, 5000u);
  EXPECT_EQ(producer.stats().buffered_bytes, 0u);
  EXPECT_LT(broker_.batches_seen(), 5000);  // They travelled together.
}

TEST_F(ProducerTest, WhatComesWhileABatchIsUnderWaySharesTheNext) {
  Producer producer = client_.NewProducer();
  broker_.HoldAnswers(true);
  for (const std::string& value : Numbered(6)) (void)producer.Send(ToPartition(0, value));
  broker_.HoldAnswers(false);
  ASSERT_TRUE(producer.Flush(10s).ok());
  EXPECT_EQ(Values(broker_), Numbered(6));
  EXPECT_EQ(broker_.batches_seen(), 2);
}

TEST_F(ProducerTest, ManyWhoWaitFillASecondBatchWhileTheFirstIsUnderWay) {
  Producer producer = client_.NewProducer();
  // Again and again, as what is decided must not count as waiting any more.
  for (int round = 0; round < 5; ++round) {
    const int before = broker_.batches_seen();
    broker_.HoldAnswers(true);
    for (const std::string& value : Numbered(1 + 16)) (void)producer.Send(ToPartition(0, value));
    EXPECT_TRUE(broker_.WaitUntil([&] { return broker_.batches_seen() == before + 2; }))
        << "round " << round;
    broker_.HoldAnswers(false);
    ASSERT_TRUE(producer.Flush(10s).ok());
  }
}

TEST_F(ProducerTest, OneBatchAtATimeIsNotSplit) {
  ProducerOptions options;
  options.in_flight_max = 1;
  Producer producer = client_.NewProducer(options);
  broker_.HoldAnswers(true);
  for (const std::string& value : Numbered(40)) (void)producer.Send(ToPartition(0, value));
  broker_.HoldAnswers(false);
  ASSERT_TRUE(producer.Flush(10s).ok());
  EXPECT_EQ(Values(broker_), Numbered(40));
  EXPECT_EQ(broker_.batches_seen(), 2);
}

TEST_F(ProducerTest, WhatGatheredLeavesAlsoWhenTheBatchUnderWayFailsWithItsStream) {
  ProducerOptions options;
  options.idempotent = false;
  options.retry_ambiguous = false;
  std::atomic<bool> gathered{false};
  broker_.OnBatch([&](const FakeBroker::Incoming& batch) {
    if (batch.number > 1) return FakeBroker::Decision{};
    while (!gathered) std::this_thread::sleep_for(1ms);
    return FakeBroker::Decision{FakeBroker::Then::kCut, ""};
  });
  Producer producer = client_.NewProducer(options);
  std::atomic<int> ambiguous{0};
  std::atomic<int> written{0};
  const auto count = [&](const DeliveryReport& report) { ++(report.ok() ? written : ambiguous); };
  ASSERT_TRUE(producer.Send(ToPartition(0, "first"), count).ok());
  ASSERT_TRUE(producer.Send(ToPartition(0, "second"), count).ok());
  gathered = true;
  EXPECT_TRUE(broker_.WaitUntil([&] { return written == 1; })) << "it waits for its own deadline";
  EXPECT_EQ(ambiguous, 1);
  EXPECT_EQ(Values(broker_), std::vector<std::string>{"second"});
}

TEST_F(ProducerTest, PlacesKeysAsKafkaDoesAlsoBeforeThePartitionsAreKnown) {
  Producer producer = client_.NewProducer();
  std::vector<Delivery> deliveries;
  for (int i = 0; i < 200; ++i) {
    deliveries.push_back(producer.Send(Record("orders", "key" + std::to_string(i), "v")));
  }
  for (int i = 0; i < 200; ++i) {
    const auto report = deliveries[static_cast<std::size_t>(i)].Get();
    ASSERT_TRUE(report.ok());
    EXPECT_EQ(report->partition, PartitionOfKey("key" + std::to_string(i), 4));
  }
}

TEST_F(ProducerTest, RecordsWithoutKeysShareAPartitionPerBatchAndUseAllOfThem) {
  ProducerOptions options;
  options.batch_bytes = 400;
  options.linger = 1ms;
  Producer producer = client_.NewProducer(options);
  for (int i = 0; i < 400; ++i) {
    (void)producer.Send(Record("orders", std::nullopt, "value " + std::to_string(i)));
  }
  ASSERT_TRUE(producer.Flush(10s).ok());
  for (std::int32_t partition = 0; partition < 4; ++partition) {
    const auto batches = broker_.Batches("orders", partition);
    EXPECT_GE(batches.size(), 5u);
    EXPECT_GT(broker_.Records("orders", partition).size(), batches.size() * 2);
  }
}

TEST_F(ProducerTest, CallsBackOncePerRecordInOrderAndOncePerBatch) {
  std::vector<std::int64_t> offsets;
  std::set<std::thread::id> threads;
  std::int64_t batch_records = 0;
  ProducerOptions options;
  options.on_batch = [&](const BatchReport& report) {
    batch_records += report.records_count;
    threads.insert(std::this_thread::get_id());
    EXPECT_GE(report.sent_at, report.opened_at);
    EXPECT_GE(report.decided_at, report.sent_at);
  };
  Producer producer = client_.NewProducer(options);
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(producer
                    .Send(ToPartition(0, "x"),
                          [&](const DeliveryReport& report) {
                            offsets.push_back(report.offset);
                            threads.insert(std::this_thread::get_id());
                          })
                    .ok());
  }
  ASSERT_TRUE(producer.Flush(10s).ok());  // Callbacks have run, too.
  ASSERT_EQ(offsets.size(), 1000u);
  for (std::size_t i = 0; i < offsets.size(); ++i) {
    ASSERT_EQ(offsets[i], static_cast<std::int64_t>(i));
  }
  EXPECT_EQ(batch_records, 1000);
  EXPECT_EQ(threads.size(), 1u);
  EXPECT_EQ(threads.count(std::this_thread::get_id()), 0u);
}

TEST_F(ProducerTest, SendersOfManyThreadsAndPartitionsLoseNothing) {
  Producer producer = client_.NewProducer();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&producer, t] {
      Sender sender = producer.SenderFor("orders", t % 2).Value();
      const std::string value = "t" + std::to_string(t);
      for (int i = 0; i < 5000; ++i) {
        RecordRef record;
        record.value = value;
        while (!sender.Send(record).ok()) std::this_thread::yield();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_TRUE(producer.Flush(10s).ok());
  EXPECT_EQ(Values(broker_, 0).size(), 10000u);
  EXPECT_EQ(Values(broker_, 1).size(), 10000u);
}

TEST_F(ProducerTest, ASenderWithoutPartitionWaitsForTheTopicAndKeepsHeaders) {
  Producer producer = client_.NewProducer();
  Sender sender = producer.SenderFor("orders").Value();
  const HeaderView header{"h", "1"};
  RecordRef record;
  record.key = "k";
  record.value = "v";
  record.headers = &header;
  record.headers_count = 1;
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(sender.Send(record).ok());
  ASSERT_TRUE(producer.Flush(10s).ok());
  EXPECT_EQ(broker_.Records("orders", PartitionOfKey("k", 4)).size(), 10u);
}

TEST_F(ProducerTest, CompressesAndKeepsOrder) {
  for (const Compression compression :
       {Compression::kGzip, Compression::kSnappy, Compression::kLz4, Compression::kZstd}) {
    broker_.CreateTopic("orders", 1);
    ProducerOptions options;
    options.compression = compression;
    options.batch_bytes = 1000;
    Producer producer = client_.NewProducer(options);
    for (const std::string& value : Numbered(2000)) {
      ASSERT_TRUE(producer.Send(ToPartition(0, value), nullptr).ok());
    }
    ASSERT_TRUE(producer.Flush(10s).ok());
    EXPECT_EQ(Values(broker_), Numbered(2000));
    EXPECT_NE(BatchHeader::Decode(AsBytes(broker_.Batches("orders", 0)[0].bytes)).codec_bits(), 0);
  }
}

// --- Refusals, lost streams
// --------------------------------------------------------------------------

TEST_F(ProducerTest, ARefusalInTheMiddleDropsOneBatchAndSendsTheFollowingOnesInOrder) {
  broker_.OnBatch([](const FakeBroker::Incoming& batch) {
    FakeBroker::Decision decision;
    if (batch.first_value == "v3") decision.refusal = "INVALID_TIMESTAMP";
    return decision;
  });
  Producer producer = client_.NewProducer(OneByOne());
  std::vector<Delivery> deliveries;
  for (const std::string& value : Numbered(50)) {
    deliveries.push_back(producer.Send(ToPartition(0, value)));
  }
  const Status flushed = producer.Flush(10s);
  ASSERT_FALSE(flushed.ok());
  EXPECT_EQ(flushed.error().code(), "INVALID_TIMESTAMP");
  EXPECT_EQ(deliveries[3].Get().error().code(), "INVALID_TIMESTAMP");
  EXPECT_EQ(deliveries[3].Get().error().broker(), broker_.address());
  std::vector<std::string> expected = Numbered(50);
  expected.erase(expected.begin() + 3);
  EXPECT_EQ(Values(broker_), expected);
  EXPECT_EQ(deliveries[4].Get()->offset, 3);
}

TEST_F(ProducerTest, AFullDiskIsTriedAgainUntilThereIsSpace) {
  std::atomic<int> refusals{3};
  broker_.OnBatch([&](const FakeBroker::Incoming&) {
    FakeBroker::Decision decision;
    if (refusals > 0 && refusals-- > 0) decision.refusal = "NO_SPACE";
    return decision;
  });
  Producer producer = client_.NewProducer(OneByOne());
  for (const std::string& value : Numbered(20)) (void)producer.Send(ToPartition(0, value));
  ASSERT_TRUE(producer.Flush(10s).ok());
  EXPECT_EQ(Values(broker_), Numbered(20));
}

TEST_F(ProducerTest, AStreamCutAfterTheWriteDoublesNothing) {
  broker_.OnBatch([](const FakeBroker::Incoming& batch) {
    FakeBroker::Decision decision;
    if (batch.number > 60) return decision;
    if (batch.number % 13 == 0) decision.then = Then::kAppendAndCut;
    if (batch.number % 17 == 0) decision.then = Then::kCut;
    return decision;
  });
  Producer producer = client_.NewProducer(OneByOne());
  std::vector<Delivery> deliveries;
  for (const std::string& value : Numbered(60)) {
    deliveries.push_back(producer.Send(ToPartition(0, value)));
  }
  ASSERT_TRUE(producer.Flush(10s).ok());
  EXPECT_EQ(Values(broker_), Numbered(60));
  int duplicates = 0;
  for (std::size_t i = 0; i < deliveries.size(); ++i) {
    const auto report = deliveries[i].Get();
    ASSERT_EQ(report->offset, static_cast<std::int64_t>(i));
    duplicates += report->duplicate ? 1 : 0;
  }
  EXPECT_GT(duplicates, 0);
  EXPECT_GT(producer.stats().batches_resent, 0u);
  EXPECT_EQ(broker_.producers_made(), 1);
}

TEST_F(ProducerTest, ABrokerThatComesBackGetsEverythingOnce) {
  Producer producer = client_.NewProducer(OneByOne());
  std::atomic<bool> stop{false};
  std::thread sender([&] {
    for (const std::string& value : Numbered(3000)) {
      while (!producer.Send(ToPartition(0, value), nullptr).ok()) std::this_thread::yield();
    }
    stop = true;
  });
  for (int i = 0; i < 3; ++i) {
    const int seen = broker_.batches_seen();
    broker_.WaitUntil([&] { return stop || broker_.batches_seen() > seen + 100; });
    broker_.Stop();
    broker_.Start();
  }
  sender.join();
  ASSERT_TRUE(producer.Flush(20s).ok());
  EXPECT_EQ(Values(broker_), Numbered(3000));
}

TEST_F(ProducerTest, AForgottenProducerGoesOnUnderANewIdentity) {
  Producer producer = client_.NewProducer(OneByOne());
  ASSERT_TRUE(producer.Send(ToPartition(0, "v0")).Get().ok());
  broker_.ForgetProducers();
  const auto report = producer.Send(ToPartition(0, "v1")).Get();
  ASSERT_TRUE(report.ok()) << report.error().what();
  EXPECT_EQ(Values(broker_), Numbered(2));
  EXPECT_EQ(broker_.producers_made(), 2);
}

TEST_F(ProducerTest, WithoutIdempotenceACutStreamMayDoubleButLosesNothing) {
  broker_.OnBatch([](const FakeBroker::Incoming& batch) {
    FakeBroker::Decision decision;
    if (batch.number == 3) decision.then = Then::kAppendAndCut;
    return decision;
  });
  ProducerOptions options = OneByOne();
  options.idempotent = false;
  Producer producer = client_.NewProducer(options);
  for (const std::string& value : Numbered(5)) (void)producer.Send(ToPartition(0, value));
  ASSERT_TRUE(producer.Flush(10s).ok());
  EXPECT_EQ(Values(broker_), (std::vector<std::string>{"v0", "v1", "v2", "v2", "v3", "v4"}));
  EXPECT_EQ(broker_.producers_made(), 0);
}

TEST_F(ProducerTest, WithoutAcksTheVerdictComesWithTheWrite) {
  broker_.HoldAnswers(true);
  ProducerOptions options = OneByOne();
  options.acks = Acks::kNone;
  Producer producer = client_.NewProducer(options);
  const auto report = producer.Send(ToPartition(0, "v0")).Get();
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->durability, Durability::kMemory);
  EXPECT_EQ(report->offset, -1);
  EXPECT_TRUE(broker_.WaitUntil([&] { return Values(broker_).size() == 1; }));
}

// --- Conditional append
// ------------------------------------------------------------------------------

TEST_F(ProducerTest, AnExpectedOffsetIsWrittenOnlyAtThatEnd) {
  Producer producer = client_.NewProducer();
  Record first = ToPartition(0, "v0");
  first.expected_offset = 0;
  EXPECT_EQ(producer.Send(first).Get()->offset, 0);
  const auto refused = producer.Send(first).Get();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), "UNEXPECTED_OFFSET");
  EXPECT_EQ(refused.error().details().at("log_end_offset"), "1");
  EXPECT_FALSE(refused.error().retriable());
  EXPECT_EQ(producer.Send(ToPartition(0, "v1")).Get()->offset, 1);
  EXPECT_EQ(broker_.producers_made(), 1);
}

TEST_F(ProducerTest, AnExpectedOffsetNeedsAPartition) {
  Producer producer = client_.NewProducer();
  Record record("orders", "k", "v");
  record.expected_offset = 0;
  EXPECT_EQ(producer.Send(record).Get().error().code(), "INVALID_ARGUMENT");
}

// --- Bad input
// ---------------------------------------------------------------------------------------

TEST_F(ProducerTest, NamesTheTopicThatDoesNotExist) {
  Producer producer = client_.NewProducer();
  const auto unkeyed = producer.Send(Record("nope", std::nullopt, "v")).Get();
  ASSERT_FALSE(unkeyed.ok());
  EXPECT_EQ(unkeyed.error().code(), "UNKNOWN_TOPIC");
  EXPECT_NE(unkeyed.error().message().find("nope"), std::string::npos);
  EXPECT_FALSE(unkeyed.error().hint().empty());
  Record to_partition("nope", std::nullopt, "v");
  to_partition.partition = 0;
  EXPECT_EQ(producer.Send(to_partition).Get().error().code(), "UNKNOWN_TOPIC");
  EXPECT_EQ(producer.Send(ToPartition(9, "v")).Get().error().code(), "UNKNOWN_PARTITION");
  EXPECT_EQ(producer.Send(Record("no/slash", "k", "v")).Get().error().code(), "INVALID_TOPIC_NAME");
  EXPECT_EQ(producer.Send(ToPartition(-1, "v")).Get().error().code(), "INVALID_ARGUMENT");
  broker_.CreateTopic("nope", 1);
  EXPECT_TRUE(producer.Send(Record("nope", std::nullopt, "v")).Get().ok());
}

TEST_F(ProducerTest, ABrokerThatCreatesTopicsByItselfDoesSoForARecordWithoutPartition) {
  broker_.set_auto_create(3);
  Producer producer = client_.NewProducer();
  const auto report = producer.Send(Record("fresh", "k", "v")).Get();
  ASSERT_TRUE(report.ok()) << report.error().what();
  EXPECT_EQ(report->partition, PartitionOfKey("k", 3));
}

TEST_F(ProducerTest, ARecordBeyondEveryLimitIsRefusedAtOnce) {
  ProducerOptions options;
  options.buffer_bytes = 64 << 20;
  Producer producer = client_.NewProducer(options);
  const Status status = producer.Send(ToPartition(0, std::string(9 << 20, 'x')), nullptr);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code(), "BATCH_TOO_LARGE");
}

// --- The buffer
// --------------------------------------------------------------------------------------

TEST_F(ProducerTest, AFullBufferFailsAtOnceByDefaultAndTakesRecordsAgainLater) {
  broker_.HoldAnswers(true);
  ProducerOptions options;
  options.buffer_bytes = 10'000;
  Producer producer = client_.NewProducer(options);
  Status status;
  int taken = 0;
  while (taken < 1000) {
    status = producer.Send(ToPartition(0, std::string(100, 'x')), nullptr);
    if (!status.ok()) break;
    ++taken;
  }
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code(), "BUFFER_FULL");
  EXPECT_TRUE(status.error().retriable());
  EXPECT_GT(taken, 30);
  EXPECT_LE(producer.stats().buffered_bytes, 10'000u);
  broker_.HoldAnswers(false);
  ASSERT_TRUE(producer.Flush(10s).ok());
  EXPECT_EQ(static_cast<int>(Values(broker_).size()), taken);
  EXPECT_TRUE(producer.Send(ToPartition(0, "again")).Get().ok());
}

TEST_F(ProducerTest, BlockingForATimeGivesUpAfterIt) {
  broker_.HoldAnswers(true);
  ProducerOptions options;
  options.buffer_bytes = 2'000;
  options.on_full = FullPolicy::kBlockFor;
  options.block_timeout = 50ms;
  Producer producer = client_.NewProducer(options);
  const auto start = Clock::now();
  Status status;
  for (int i = 0; i < 1000 && status.ok(); ++i) {
    status = producer.Send(ToPartition(0, std::string(100, 'x')), nullptr);
  }
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code(), "BUFFER_FULL");
  EXPECT_GE(Clock::now() - start, 50ms);
}

TEST_F(ProducerTest, BlockingWaitsForRoomAlsoWhileRecordsLinger) {
  ProducerOptions options;
  options.buffer_bytes = 4'000;
  options.on_full = FullPolicy::kBlock;
  options.linger = std::chrono::minutes(10);
  options.delivery_timeout = 60s;
  Producer producer = client_.NewProducer(options);
  for (const std::string& value : Numbered(500)) {
    ASSERT_TRUE(producer.Send(ToPartition(0, value), nullptr).ok());
  }
  ASSERT_TRUE(producer.Flush(10s).ok());
  EXPECT_EQ(Values(broker_), Numbered(500));
}

TEST_F(ProducerTest, LingeringMakesFewerBatches) {
  ProducerOptions options;
  options.linger = 20ms;
  Producer producer = client_.NewProducer(options);
  std::vector<Delivery> deliveries;
  for (const std::string& value : Numbered(100)) {
    deliveries.push_back(producer.Send(ToPartition(0, value)));
  }
  ASSERT_TRUE(deliveries.back().Get(5s).ok());  // Leaves by itself.
  EXPECT_LE(broker_.batches_seen(), 3);
}

// --- Deadlines and closing
// ---------------------------------------------------------------------------

TEST_F(ProducerTest, AnUnreachableBrokerTimesOutAndSaysWhy) {
  broker_.Stop();
  ProducerOptions options;
  options.delivery_timeout = 150ms;
  Producer producer = client_.NewProducer(options);
  const auto start = Clock::now();
  for (Record record : {ToPartition(0, "v"), Record("orders", "k", "v")}) {
    const auto report = producer.Send(std::move(record)).Get();
    ASSERT_FALSE(report.ok());
    EXPECT_EQ(report.error().code(), "TIMED_OUT");
    EXPECT_EQ(report.error().details().at("cause"), "UNREACHABLE");
    EXPECT_NE(report.error().message().find(broker_.address()), std::string::npos);
  }
  EXPECT_LT(Clock::now() - start, 3s);
}

TEST_F(ProducerTest, ASilentBrokerLeavesABatchAmbiguousAtTheDeadline) {
  broker_.OnBatch([](const FakeBroker::Incoming&) {
    return FakeBroker::Decision{Then::kSwallow, {}};
  });
  ProducerOptions options;
  options.delivery_timeout = 100ms;
  Producer producer = client_.NewProducer(options);
  const auto report = producer.Send(ToPartition(0, "v")).Get();
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code(), "AMBIGUOUS");
}

TEST_F(ProducerTest, CloseDeliversWhatLingersAndTakesNothingMore) {
  ProducerOptions options;
  options.linger = std::chrono::minutes(1);
  options.delivery_timeout = std::chrono::minutes(2);
  Producer producer = client_.NewProducer(options);
  for (const std::string& value : Numbered(10)) (void)producer.Send(ToPartition(0, value));
  EXPECT_TRUE(producer.Close(10s).clean());
  EXPECT_EQ(Values(broker_), Numbered(10));
  EXPECT_EQ(producer.Send(ToPartition(0, "late")).Get().error().code(), "CANCELLED");
  EXPECT_TRUE(producer.Close(0ms).clean());
}

TEST_F(ProducerTest, CloseReturnsInTimeAndCountsWhatIsNotSent) {
  broker_.HoldAnswers(true);
  ProducerOptions options = OneByOne();
  options.in_flight_max = 2;
  Producer producer = client_.NewProducer(options);
  std::vector<Delivery> deliveries;
  for (const std::string& value : Numbered(10)) {
    deliveries.push_back(producer.Send(ToPartition(0, value)));
  }
  ASSERT_TRUE(broker_.WaitUntil([&] { return broker_.batches_seen() == 2; }));
  const auto start = Clock::now();
  const CloseReport report = producer.Close(100ms);
  EXPECT_LT(Clock::now() - start, 2s);
  EXPECT_EQ(report.unsent_count, 8u);
  EXPECT_EQ(report.ambiguous_count, 2u);
  EXPECT_EQ(deliveries[0].Get().error().code(), "AMBIGUOUS");
  EXPECT_EQ(deliveries[9].Get().error().code(), "CANCELLED");
}

TEST_F(ProducerTest, ADestroyedProducerGivesEveryRecordItsVerdict) {
  broker_.HoldAnswers(true);
  std::vector<Delivery> deliveries;
  int callbacks = 0;
  {
    Producer producer = client_.NewProducer(OneByOne());
    for (int i = 0; i < 20; ++i) {
      deliveries.push_back(producer.Send(ToPartition(0, "x")));
      deliveries.push_back(producer.Send(Record("orders", "k", "y")));
      ASSERT_TRUE(
          producer.Send(ToPartition(1, "z"), [&](const DeliveryReport&) { ++callbacks; }).ok());
    }
  }
  EXPECT_EQ(callbacks, 20);  // All of them ran before the destructor returned.
  for (const Delivery& delivery : deliveries) {
    ASSERT_TRUE(delivery.done());
    const std::string code = delivery.Get().error().code();
    EXPECT_TRUE(code == "CANCELLED" || code == "AMBIGUOUS") << code;
  }
}

ProducerOptions AtOnce(ProducerOptions options = {}) {
  options.callback_executor = [](const std::function<void()>& task) { task(); };
  return options;
}

TEST_F(ProducerTest, ACallbackThatRunsAtOnceMaySendTheNext) {
  constexpr int kRecords = 200;
  std::promise<void> done;
  std::vector<std::int64_t> offsets;
  Producer producer = client_.NewProducer(AtOnce());
  std::function<void()> send_next = [&] {
    const Status status = producer.Send(ToPartition(0, "x"), [&](const DeliveryReport& report) {
      offsets.push_back(report.ok() ? report.offset : -1);
      if (offsets.size() == kRecords) return done.set_value();
      send_next();
    });
    ASSERT_TRUE(status.ok()) << status.error().what();
  };
  send_next();  // The first waits until the topic's partitions are known.
  done.get_future().get();
  ASSERT_EQ(offsets.size(), std::size_t{kRecords});
  for (std::size_t i = 0; i < offsets.size(); ++i)
    EXPECT_EQ(offsets[i], static_cast<std::int64_t>(i));
}

TEST_F(ProducerTest, ACallbackThatRunsAtOnceMaySendWhenItsTopicIsUnknown) {
  Producer producer = client_.NewProducer(AtOnce());
  std::promise<std::string> second;
  ASSERT_TRUE(producer
                  .Send(Record("nowhere", "k", "x"),
                        [&](const DeliveryReport&) {
                          const Status status = producer.Send(
                              Record("nowhere", "k", "y"), [&](const DeliveryReport& report) {
                                second.set_value(report.error().code());
                              });
                          EXPECT_TRUE(status.ok());
                        })
                  .ok());
  EXPECT_EQ(second.get_future().get(), "UNKNOWN_TOPIC");
}

// What Flush says in the callback of a record.
std::future<std::string> SendAndFlushInCallback(Producer& producer) {
  auto said = std::make_shared<std::promise<std::string>>();
  std::future<std::string> future = said->get_future();
  const Status status =
      producer.Send(ToPartition(0, "x"), [&producer, said](const DeliveryReport&) {
        said->set_value(producer.Flush(1s).error().code());
      });
  EXPECT_TRUE(status.ok());
  return future;
}

TEST_F(ProducerTest, FlushIsRefusedInACallbackThatRunsAtOnce) {
  Producer producer = client_.NewProducer(AtOnce());
  std::future<std::string> in_callback = SendAndFlushInCallback(producer);
  EXPECT_EQ(in_callback.get(), "INVALID_ARGUMENT");
}

TEST_F(ProducerTest, FlushSaysHowManyBatchesItLeftAndIsRefusedInACallback) {
  broker_.HoldAnswers(true);
  Producer producer = client_.NewProducer(OneByOne());
  std::future<std::string> in_callback = SendAndFlushInCallback(producer);
  (void)producer.Send(ToPartition(0, "y"));
  const Status status = producer.Flush(50ms);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code(), "TIMED_OUT");
  EXPECT_EQ(status.error().details().at("pending"), "2");
  broker_.HoldAnswers(false);
  EXPECT_EQ(in_callback.get(), "INVALID_ARGUMENT");
  EXPECT_TRUE(producer.Flush(10s).ok());
}

TEST_F(ProducerTest, ADeliveryCanBeWaitedForWithATimeLimit) {
  EXPECT_EQ(Delivery().Get().error().code(), "INVALID_ARGUMENT");
  broker_.HoldAnswers(true);
  Producer producer = client_.NewProducer();
  const Delivery delivery = producer.Send(ToPartition(0, "x"));
  EXPECT_EQ(delivery.Get(20ms).error().code(), "TIMED_OUT");
  EXPECT_FALSE(delivery.done());
  broker_.HoldAnswers(false);
  EXPECT_TRUE(delivery.Get().ok());
}

TEST_F(ProducerTest, TheHardLimitOfBatchesUnderWayHolds) {
  broker_.HoldAnswers(true);
  ProducerOptions options = OneByOne();
  options.in_flight_max = 100'000;
  Producer producer = client_.NewProducer(options);
  for (int i = 0; i < 600; ++i) (void)producer.Send(ToPartition(0, "x"));
  ASSERT_TRUE(broker_.WaitUntil([&] { return broker_.batches_seen() >= 256; }));
  (void)producer.Flush(50ms);
  EXPECT_EQ(broker_.batches_seen(), 256);
  broker_.HoldAnswers(false);
  EXPECT_TRUE(producer.Flush(10s).ok());
  EXPECT_EQ(Values(broker_).size(), 600u);
}

}  // namespace
}  // namespace qalam::abi0
