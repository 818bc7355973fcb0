#include "broker/api/local_broker.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "tests/broker/api/broker_bench.h"

namespace qalam {
namespace {

using Records = std::vector<std::pair<Offset, std::string>>;

class LocalBrokerTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(bench_.Start().ok()); }
  BrokerBench bench_;
};

TEST_F(LocalBrokerTest, WhatIsAppendedIsReadBack) {
  ASSERT_TRUE(bench_.Create("events").ok());
  const auto first = bench_.Append(kEvents, {"a", "b"});
  ASSERT_TRUE(first.ok()) << first.error().ToString();
  EXPECT_EQ(first->base_offset, 0);
  EXPECT_EQ(first->last_offset, 1);
  EXPECT_EQ(first->durability, Durability::kFsync);
  EXPECT_EQ(bench_.Append(kEvents, {"c"})->base_offset, 2);
  EXPECT_EQ(bench_.ReadAll(kEvents), (Records{{0, "a"}, {1, "b"}, {2, "c"}}));
}

TEST_F(LocalBrokerTest, AnUnknownTopicNamesTheNearest) {
  ASSERT_TRUE(bench_.Create("events", 3).ok());
  const auto missing = bench_.Append({"evnts", 0}, {"a"});
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code(), ErrorCode::kUnknownTopic);
  EXPECT_EQ(missing.error().detail("nearest"), "events");
  const auto partition = bench_.Append({"events", 3}, {"a"});
  ASSERT_FALSE(partition.ok());
  EXPECT_EQ(partition.error().code(), ErrorCode::kUnknownPartition);
  EXPECT_EQ(partition.error().detail("partitions"), "3");
  EXPECT_EQ(bench_.OpenTail({"nothing", 0}, 0).error().code(), ErrorCode::kUnknownTopic);
  EXPECT_EQ(bench_.OpenProduce({"events", -1}).error().code(), ErrorCode::kUnknownPartition);
}

TEST_F(LocalBrokerTest, BadRequestsAreRefusedAndWriteNothing) {
  ASSERT_TRUE(bench_.Create("events", 1, {{"max.message.bytes", "1000"}}).ok());
  EXPECT_EQ(bench_.Append(kEvents, {}).error().code(), ErrorCode::kInvalidArgument);
  AppendRequest half = BrokerBench::Request(kEvents, {"a"});
  half.producer_id = 1;
  EXPECT_EQ(bench_.Append(std::move(half)).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(bench_.Append(kEvents, {std::string(2000, 'x')}).error().code(),
            ErrorCode::kBatchTooLarge);
  AppendRequest wrong_end = BrokerBench::Request(kEvents, {"a"});
  wrong_end.expected_offset = 5;
  const auto refused = bench_.Append(std::move(wrong_end));
  EXPECT_EQ(refused.error().code(), ErrorCode::kUnexpectedOffset);
  EXPECT_EQ(refused.error().detail("log_end_offset"), "0");
  AppendRequest late = BrokerBench::Request(kEvents, {"a"});
  late.deadline = SystemClock::Get().Now();
  EXPECT_EQ(bench_.Append(std::move(late)).error().code(), ErrorCode::kTimedOut);
  EXPECT_TRUE(bench_.ReadAll(kEvents).empty());
  EXPECT_EQ(bench_.Fetch(kEvents, 1).error().code(), ErrorCode::kOffsetOutOfRange);
  EXPECT_EQ(bench_.Fetch(kEvents, -1).error().code(), ErrorCode::kOffsetOutOfRange);
}

TEST_F(LocalBrokerTest, ARetryWithProducerAndSequenceLandsOnce) {
  ASSERT_TRUE(bench_.Create("events").ok());
  Question<ProducerIdentity> question;
  bench_.broker->InitProducer(question.reply());
  const auto identity = question.Wait();
  ASSERT_TRUE(identity.ok());
  const auto append = [&] {
    AppendRequest request = BrokerBench::Request(kEvents, {"a", "b"});
    request.producer_id = identity->producer_id;
    request.producer_epoch = identity->producer_epoch;
    request.base_sequence = 0;
    return bench_.Append(std::move(request));
  };
  EXPECT_FALSE(append()->duplicate);
  const auto again = append();
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE(again->duplicate);
  EXPECT_EQ(again->base_offset, 0);
  EXPECT_EQ(bench_.ReadAll(kEvents).size(), 2u);
}

TEST_F(LocalBrokerTest, ManySessionsKeepTheirOrderInOneDenseLog) {
  ASSERT_TRUE(bench_.Create("events").ok());
  constexpr int kSessions = 8;
  constexpr int kEach = 150;
  std::vector<std::vector<Offset>> acknowledged(kSessions, std::vector<Offset>(kEach, -1));
  std::atomic<int> answered{0};
  std::vector<std::thread> threads;
  for (int s = 0; s < kSessions; ++s) {
    threads.emplace_back([&, s] {
      const auto session = std::move(bench_.OpenProduce(kEvents)).value();
      for (int i = 0; i < kEach; ++i) {
        ProduceBatch batch;
        batch.batch = BrokerBench::Batch({std::to_string(s) + ":" + std::to_string(i)}, s, i);
        batch.reply = Reply<AppendResult>([&, s, i](Result<AppendResult> result) {
          if (result.ok()) {
            acknowledged[static_cast<std::size_t>(s)][static_cast<std::size_t>(i)] =
                result->base_offset;
          }
          ++answered;
        });
        BrokerBench::Submit(*session, std::move(batch));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  while (answered.load() < kSessions * kEach) std::this_thread::yield();
  const Records records = bench_.ReadAll(kEvents);
  ASSERT_EQ(records.size(), static_cast<std::size_t>(kSessions * kEach));
  std::vector<int> next(kSessions, 0);
  for (std::size_t i = 0; i < records.size(); ++i) {
    EXPECT_EQ(records[i].first, static_cast<Offset>(i));
    const int session = std::stoi(records[i].second);
    const int number = std::stoi(records[i].second.substr(records[i].second.find(':') + 1));
    EXPECT_EQ(number, next[static_cast<std::size_t>(session)]++);
    EXPECT_EQ(acknowledged[static_cast<std::size_t>(session)][static_cast<std::size_t>(number)],
              records[i].first);
  }
}

TEST_F(LocalBrokerTest, ABadBatchFailsItsStreamUntilTheRestart) {
  ASSERT_TRUE(bench_.Create("events").ok());
  const auto session = std::move(bench_.OpenProduce(kEvents)).value();
  const auto submit = [&](SharedSlice bytes) {
    Question<AppendResult> question;
    ProduceBatch batch;
    batch.batch = std::move(bytes);
    batch.reply = question.reply();
    BrokerBench::Submit(*session, std::move(batch));
    return question;
  };
  const SharedSlice good = BrokerBench::Batch({"a"});
  Bytes damaged(good.view().begin(), good.view().end());
  damaged.back() ^= std::byte{1};
  auto first = submit(BrokerBench::Batch({"first"}));
  auto bad = submit(SharedSlice::Own(std::move(damaged)));
  auto second = submit(BrokerBench::Batch({"second"}));
  EXPECT_TRUE(first.Wait().ok());
  EXPECT_EQ(bad.Wait().error().code(), ErrorCode::kCorruptBatch);
  EXPECT_EQ(second.Wait().error().code(), ErrorCode::kPrecedingFailed);
  session->Restart();
  EXPECT_EQ(submit(BrokerBench::Batch({"third"})).Wait()->base_offset, 1);
}

TEST_F(LocalBrokerTest, WithoutAcknowledgementsTheAnswerComesAtOnce) {
  ASSERT_TRUE(bench_.Create("events").ok());
  const auto session = std::move(bench_.OpenProduce(kEvents, Acks::kNone)).value();
  const auto submit = [&](SharedSlice bytes) {
    Question<AppendResult> question;
    ProduceBatch batch;
    batch.batch = std::move(bytes);
    batch.reply = question.reply();
    BrokerBench::Submit(*session, std::move(batch));
    return question.Wait();
  };
  const auto answer = submit(BrokerBench::Batch({"a"}));
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->durability, Durability::kMemory);
  EXPECT_EQ(answer->base_offset, kNoOffset);
  // It comes to nothing only when an earlier one did: a gap in the sequence, found by the writer.
  (void)submit(BrokerBench::Batch({"b"}, 5, 17));
  while (submit(BrokerBench::Batch({"c"})).ok()) std::this_thread::yield();
  session->Restart();
  EXPECT_TRUE(submit(BrokerBench::Batch({"d"})).ok());
  const auto last = bench_.Append(kEvents, {"e"});
  ASSERT_TRUE(last.ok());
  const Records records = bench_.ReadAll(kEvents);
  EXPECT_EQ(records.front().second, "a");
  EXPECT_EQ(records[records.size() - 2].second, "d");
}

TEST_F(LocalBrokerTest, ALongPollEndsWithDataOrWithTheTime) {
  ASSERT_TRUE(bench_.Create("events").ok());
  const auto nothing = bench_.Fetch(kEvents, 0, std::chrono::milliseconds(30));
  ASSERT_TRUE(nothing.ok());
  EXPECT_TRUE(nothing->batches.empty());
  EXPECT_EQ(nothing->next_offset, 0);

  Question<FetchResult> question;
  FetchRequest request;
  request.partition = kEvents;
  request.wait_max = std::chrono::seconds(30);
  bench_.broker->Fetch(request, question.reply());
  ASSERT_TRUE(bench_.Append(kEvents, {"a"}).ok());
  const auto fetched = question.Wait();
  ASSERT_TRUE(fetched.ok());
  EXPECT_EQ(fetched->next_offset, 1);
  EXPECT_EQ(fetched->high_watermark, 1);
}

TEST(LocalBrokerLimitTest, ParkedReadersAreBounded) {
  BrokerBench bench;
  bench.options.parked_fetches_max = 2;
  ASSERT_TRUE(bench.Start().ok());
  ASSERT_TRUE(bench.Create("events").ok());
  std::vector<Question<FetchResult>> questions(3);
  FetchRequest request;
  request.partition = kEvents;
  request.wait_max = std::chrono::seconds(30);
  for (auto& question : questions) bench.broker->Fetch(request, question.reply());
  EXPECT_EQ(questions[2].Wait().error().code(), ErrorCode::kTooManyRequests);
  ASSERT_TRUE(bench.Append(kEvents, {"a"}).ok());
  EXPECT_TRUE(questions[0].Wait().ok());
  EXPECT_TRUE(questions[1].Wait().ok());
  // Their places are free again.
  request.offset = 1;
  request.wait_max = std::chrono::milliseconds(1);
  EXPECT_TRUE(bench.Fetch(kEvents, 1, std::chrono::milliseconds(1)).ok());
}

TEST(LocalBrokerLimitTest, TooManyBytesInFlightStopTheStreamAndRefuseTheSingleAppend) {
  std::atomic<bool> hold{true};  // The hook's, which runs until the bench is gone.
  BrokerBench bench;
  bench.options.append_bytes_in_flight_max = 100'000;
  ASSERT_TRUE(bench.Start().ok());
  ASSERT_TRUE(bench.Create("events").ok());
  ASSERT_TRUE(bench.Append(kEvents, {"opened"}).ok());
  // Hold the disk back, so that nothing is released.
  bench.fs.SetHook([&](const FaultFileSystem::Change& change) {
    if (change.call != FileCall::kSync || !change.path.ends_with(".log")) return;
    while (hold.load()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  });
  const auto session = std::move(bench.OpenProduce(kEvents)).value();
  int taken = 0;
  std::atomic<int> answered{0};
  ProduceBatch batch;
  while (true) {
    batch = {};
    batch.batch = BrokerBench::Batch({std::string(10'000, 'x')});
    batch.reply = Reply<AppendResult>([&](Result<AppendResult> result) {
      EXPECT_TRUE(result.ok());
      ++answered;
    });
    if (!session->TrySubmit(batch)) break;
    ++taken;
  }
  EXPECT_GE(taken, 5);
  EXPECT_LE(taken, 10);
  EXPECT_EQ(bench.Append(kEvents, {std::string(10'000, 'x')}).error().code(),
            ErrorCode::kOverloaded);
  Question<Unit> room;
  session->OnRoom([reply = room.reply()]() mutable { reply(Unit{}); });
  hold.store(false);
  ASSERT_TRUE(room.Wait().ok());
  BrokerBench::Submit(*session, std::move(batch));
  while (answered.load() < taken + 1) std::this_thread::yield();
  EXPECT_EQ(bench.ReadAll(kEvents).size(), static_cast<std::size_t>(taken) + 2);
}

// One reader that asks for more as soon as it has got something.
class Follower {
 public:
  Follower(std::unique_ptr<TailSession> session, Offset from)
      : session_(std::move(session)), next_(from) {
    Ask();
  }
  Offset next() const { return next_.load(); }
  bool gap() const { return gap_.load(); }
  std::optional<Error> ended() const {
    MutexLock lock(mutex_);
    return ended_;
  }
  TailSession& session() { return *session_; }

 private:
  void Ask() {
    session_->Next(Reply<FetchResult>([this](Result<FetchResult> answer) {
      if (!answer.ok()) {
        MutexLock lock(mutex_);
        ended_ = answer.error();
        return;
      }
      Records records;
      BrokerBench::AddRecords(*answer, next_.load(), records);
      for (const auto& [offset, value] : records) {
        if (offset != next_.load()) gap_.store(true);
        next_.store(offset + 1);
      }
      Ask();
    }));
  }

  mutable Mutex mutex_;
  std::optional<Error> ended_ QALAM_GUARDED_BY(mutex_);
  std::unique_ptr<TailSession> session_;
  std::atomic<Offset> next_;
  std::atomic<bool> gap_{false};
};

TEST_F(LocalBrokerTest, AHundredTailsSeeEverythingOnceAndInOrder) {
  ASSERT_TRUE(bench_.Create("events").ok());
  std::vector<std::unique_ptr<Follower>> followers;
  for (int i = 0; i < 100; ++i) {
    followers.push_back(
        std::make_unique<Follower>(std::move(bench_.OpenTail(kEvents, 0)).value(), 0));
  }
  constexpr Offset kRecords = 500;
  for (Offset i = 0; i < kRecords; i += 5) {
    ASSERT_TRUE(bench_.Append(kEvents, {"a", "b", "c", "d", "e"}).ok());
  }
  for (const auto& follower : followers) {
    while (follower->next() < kRecords && !follower->ended()) std::this_thread::yield();
    EXPECT_EQ(follower->next(), kRecords);
    EXPECT_FALSE(follower->gap());
    EXPECT_FALSE(follower->ended());
  }
  for (const auto& follower : followers) follower->session().Cancel();
  for (const auto& follower : followers) {
    while (!follower->ended()) std::this_thread::yield();
    EXPECT_EQ(follower->ended()->code(), ErrorCode::kCancelled);
  }
}

TEST_F(LocalBrokerTest, ATailBeginsAnywhereAndEndsWithItsTopic) {
  ASSERT_TRUE(bench_.Create("events").ok());
  ASSERT_TRUE(bench_.Append(kEvents, {"a", "b", "c", "d"}).ok());
  Follower follower(std::move(bench_.OpenTail(kEvents, 2)).value(), 2);
  while (follower.next() < 4) std::this_thread::yield();
  EXPECT_FALSE(follower.gap());
  const auto session = std::move(bench_.OpenProduce(kEvents)).value();
  Question<FetchResult> poll;
  FetchRequest request;
  request.partition = kEvents;
  request.offset = 4;
  request.wait_max = std::chrono::seconds(30);
  bench_.broker->Fetch(request, poll.reply());
  ASSERT_TRUE(bench_.Delete("events").ok());
  while (!follower.ended()) std::this_thread::yield();
  EXPECT_EQ(follower.ended()->code(), ErrorCode::kUnknownTopic);
  EXPECT_EQ(poll.Wait().error().code(), ErrorCode::kUnknownTopic);
  Question<AppendResult> question;
  ProduceBatch batch;
  batch.batch = BrokerBench::Batch({"late"});
  batch.reply = question.reply();
  BrokerBench::Submit(*session, std::move(batch));
  EXPECT_EQ(question.Wait().error().code(), ErrorCode::kUnknownTopic);
}

TEST_F(LocalBrokerTest, OffsetsAreFoundByTimeAndAtTheEnds) {
  ASSERT_TRUE(bench_.Create("events").ok());
  for (const TimestampMs time : {1000, 2000, 3000}) {
    AppendRequest request = BrokerBench::Request(kEvents, {"a", "b"});
    for (PlainRecord& record : request.records) record.timestamp = time;
    ASSERT_TRUE(bench_.Append(std::move(request)).ok());
  }
  using At = OffsetQuery::At;
  const auto answers = bench_.ListOffsets("events", {{0, At::kEarliest},
                                                     {0, At::kLatest},
                                                     {0, At::kTimestamp, 1500},
                                                     {0, At::kTimestamp, 9000},
                                                     {0, At::kMaxTimestamp},
                                                     {7, At::kLatest}});
  ASSERT_TRUE(answers.ok());
  ASSERT_EQ(answers->size(), 6u);
  EXPECT_EQ((*answers)[0].offset, 0);
  EXPECT_EQ((*answers)[1].offset, 6);
  EXPECT_EQ((*answers)[2].offset, 2);
  EXPECT_EQ((*answers)[2].timestamp, 2000);
  EXPECT_EQ((*answers)[3].offset, 6);
  EXPECT_EQ((*answers)[3].timestamp, kNoTimestamp);
  EXPECT_EQ((*answers)[4].timestamp, 3000);
  ASSERT_TRUE((*answers)[5].error.has_value());
  EXPECT_EQ((*answers)[5].error->code(), ErrorCode::kUnknownPartition);
}

TEST_F(LocalBrokerTest, TrimmingRaisesTheStart) {
  ASSERT_TRUE(bench_.Create("events").ok());
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(bench_.Append(kEvents, {"a"}).ok());
  const auto trim = [&](Offset before, bool validate_only) {
    Question<Offset> question;
    bench_.broker->TrimPartition(kEvents, before, validate_only, question.reply());
    return question.Wait();
  };
  EXPECT_EQ(*trim(4, true), 4);
  EXPECT_TRUE(bench_.Fetch(kEvents, 0).ok());
  EXPECT_EQ(*trim(4, false), 4);
  const auto below = bench_.Fetch(kEvents, 3);
  ASSERT_FALSE(below.ok());
  EXPECT_EQ(below.error().code(), ErrorCode::kOffsetOutOfRange);
  EXPECT_EQ(below.error().detail("log_start_offset"), "4");
  EXPECT_EQ(trim(11, false).error().code(), ErrorCode::kOffsetOutOfRange);
  EXPECT_EQ(*trim(-1, false), 10);
  EXPECT_EQ(bench_.Append(kEvents, {"b"})->base_offset, 10);
}

TEST_F(LocalBrokerTest, ADelayOfAllTimeRemovesNothingAtOnce) {
  ASSERT_TRUE(bench_
                  .Create("events", 1,
                          {{"segment.bytes", "4096"},
                           {"qalam.flush", "interval"},
                           {"flush.ms", "9223372036854775807"},
                           {"file.delete.delay.ms", "9223372036854775807"}})
                  .ok());
  const std::string large(3000, 'x');
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(bench_.Append(kEvents, {large}).ok());
  const auto closed_and_open = [&] {  // Syncs, so that segments may go.
    ASSERT_TRUE(bench_.Stop());
    ASSERT_TRUE(bench_.Start().ok());
  };
  closed_and_open();
  Question<Offset> trimmed;
  bench_.broker->TrimPartition(kEvents, 4, false, trimmed.reply());
  ASSERT_EQ(*trimmed.Wait(), 4);
  ASSERT_TRUE(bench_.Stop());
  const auto files = bench_.fs.List(bench_.options.log_directory + "/events-0");
  ASSERT_TRUE(files.ok());
  EXPECT_TRUE(std::any_of(files->begin(), files->end(), [](const DirectoryEntry& file) {
    return file.name.ends_with(".log.deleted");
  }));
}

TEST_F(LocalBrokerTest, NewSettingsAreInForceAtOnce) {
  ASSERT_TRUE(bench_.Create("events").ok());
  const std::string large(5000, 'x');
  ASSERT_TRUE(bench_.Append(kEvents, {large}).ok());
  const auto alter = [&](ConfigMap set, std::vector<std::string> unset) {
    Question<std::vector<ConfigEntry>> question;
    bench_.broker->AlterTopicConfig("events", {std::move(set), std::move(unset), false},
                                    question.reply());
    return question.Wait();
  };
  ASSERT_TRUE(alter({{"max.message.bytes", "2000"}}, {}).ok());
  EXPECT_EQ(bench_.Append(kEvents, {large}).error().code(), ErrorCode::kBatchTooLarge);
  ASSERT_TRUE(alter({{"qalam.flush", "os"}}, {"max.message.bytes"}).ok());
  const auto appended = bench_.Append(kEvents, {large});
  ASSERT_TRUE(appended.ok());
  EXPECT_EQ(appended->durability, Durability::kOs);
  EXPECT_EQ(alter({{"no.such.key", "1"}}, {}).error().code(), ErrorCode::kInvalidConfig);
}

TEST_F(LocalBrokerTest, ListsComeInPages) {
  ASSERT_TRUE(bench_.Create("a", 3).ok());
  ASSERT_TRUE(bench_.Create("b-1", 12).ok());
  ASSERT_TRUE(bench_.Create("b", 2).ok());
  std::vector<std::string> names;
  PageRequest page;
  page.size = 4;
  do {
    const auto answer = bench_.ListPartitions(page);
    ASSERT_TRUE(answer.ok());
    EXPECT_LE(answer->items.size(), 4u);
    for (const PartitionInfo& info : answer->items) names.push_back(info.partition.ToString());
    page.token = answer->next_token;
  } while (!page.token.empty());
  EXPECT_EQ(names.size(), 17u);
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), 17u);
  page = {};
  page.topic = "b";
  EXPECT_EQ(bench_.ListPartitions(page)->items.size(), 2u);

  std::vector<std::string> topics;
  page = {};
  page.size = 2;
  do {
    Question<Page<TopicInfo>> question;
    bench_.broker->ListTopics(page, question.reply());
    const auto answer = question.Wait();
    for (const TopicInfo& info : answer->items) topics.push_back(info.name);
    page.token = answer->next_token;
  } while (!page.token.empty());
  EXPECT_EQ(topics, (std::vector<std::string>{"a", "b", "b-1"}));
}

TEST_F(LocalBrokerTest, PartitionsAreSpreadOverTheWriters) {
  ASSERT_TRUE(bench_.Create("events", 10).ok());
  std::map<std::int32_t, int> of_writer;
  const auto listed = bench_.ListPartitions();
  for (const PartitionInfo& info : listed->items) ++of_writer[info.writer_thread];
  EXPECT_EQ(of_writer[0], 5);
  EXPECT_EQ(of_writer[1], 5);
}

TEST_F(LocalBrokerTest, FiguresSayWhoLeadsAndWhoWritesAsTheListDoes) {
  ASSERT_TRUE(bench_.Create("events", 4).ok());
  ASSERT_TRUE(bench_.Append({"events", 2}, {"a"}).ok());
  Question<BrokerFigures> question;
  bench_.broker->ReadFigures(question.reply());
  const auto figures = question.Wait();
  const auto listed = bench_.ListPartitions();
  ASSERT_TRUE(figures.ok());
  ASSERT_EQ(figures->partitions.size(), listed->items.size());
  for (std::size_t i = 0; i < listed->items.size(); ++i) {
    const PartitionFigures& one = figures->partitions[i];
    EXPECT_EQ(one.partition, listed->items[i].partition);
    EXPECT_EQ(one.leader, listed->items[i].leader);
    EXPECT_EQ(one.leader_epoch, listed->items[i].leader_epoch);
    EXPECT_EQ(one.writer_thread, listed->items[i].writer_thread);
    EXPECT_EQ(one.high_watermark, listed->items[i].high_watermark);
    EXPECT_EQ(one.status, "ok");
  }
}

TEST(LocalBrokerOptionTest, TopicsAreMadeAtFirstUseWhereThatIsWanted) {
  BrokerBench bench;
  bench.options.auto_create_topics = true;
  ASSERT_TRUE(bench.Start().ok());
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] { EXPECT_TRUE(bench.Append(kEvents, {"a"}).ok()); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(bench.ReadAll(kEvents).size(), 4u);
  EXPECT_EQ(bench.Append({"bad name", 0}, {"a"}).error().code(), ErrorCode::kInvalidTopicName);
}

TEST_F(LocalBrokerTest, AfterTheStopEveryQuestionIsAnsweredShuttingDown) {
  ASSERT_TRUE(bench_.Create("events").ok());
  ASSERT_TRUE(bench_.Append(kEvents, {"a"}).ok());
  const auto session = std::move(bench_.OpenProduce(kEvents)).value();
  Follower follower(std::move(bench_.OpenTail(kEvents, 0)).value(), 0);
  while (follower.next() < 1) std::this_thread::yield();
  Question<FetchResult> poll;
  FetchRequest request;
  request.partition = kEvents;
  request.offset = 1;
  request.wait_max = std::chrono::seconds(30);
  bench_.broker->Fetch(request, poll.reply());
  EXPECT_TRUE(bench_.broker->Stop(std::chrono::seconds(10)));
  // A long poll ends empty, a tail with the reason.
  const auto polled = poll.Wait();
  ASSERT_TRUE(polled.ok());
  EXPECT_TRUE(polled->batches.empty());
  while (!follower.ended()) std::this_thread::yield();
  EXPECT_EQ(follower.ended()->code(), ErrorCode::kShuttingDown);
  Question<AppendResult> question;
  ProduceBatch batch;
  batch.batch = BrokerBench::Batch({"late"});
  batch.reply = question.reply();
  EXPECT_TRUE(session->TrySubmit(batch));
  EXPECT_EQ(question.Wait().error().code(), ErrorCode::kShuttingDown);
  EXPECT_EQ(bench_.Append(kEvents, {"a"}).error().code(), ErrorCode::kShuttingDown);
  EXPECT_EQ(bench_.Create("other").error().code(), ErrorCode::kShuttingDown);
  EXPECT_EQ(bench_.Fetch(kEvents, 0).error().code(), ErrorCode::kShuttingDown);
  EXPECT_EQ(bench_.Cluster().error().code(), ErrorCode::kShuttingDown);
}

TEST_F(LocalBrokerTest, AFailedSyncIsToldAndNothingIsAcknowledgedAnyMore) {
  ASSERT_TRUE(bench_.Create("events", 2).ok());
  ASSERT_TRUE(bench_.Append(kEvents, {"a"}).ok());
  ASSERT_TRUE(bench_.Append({"events", 1}, {"a"}).ok());
  Question<Unit> failed;
  bench_.broker->OnLogFailure([reply = std::make_shared<Reply<Unit>>(failed.reply())](
                                  const Error& error) { (*reply)(error); });
  bench_.fs.SetRule([](FileCall call, const std::string& path) -> std::optional<Error> {
    if (call != FileCall::kSync || path.find("events-0/") == std::string::npos) return {};
    return Error(ErrorCode::kIo, "device error");
  });
  EXPECT_EQ(bench_.Append(kEvents, {"b"}).error().code(), ErrorCode::kAmbiguous);
  EXPECT_FALSE(failed.Wait().ok());
  EXPECT_EQ(bench_.Append({"events", 1}, {"b"}).error().code(), ErrorCode::kLogFailed);
  EXPECT_EQ(bench_.Cluster()->offline_partitions_count, 2);
  bench_.fs.SetRule({});
}

}  // namespace
}  // namespace qalam
