#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/broker/api/broker_bench.h"

// What survives a stop and a kill, and what the broker makes of directories that don't fit.
namespace qalam {
namespace {

namespace stdfs = std::filesystem;

std::vector<std::string> Names(const std::string& directory) {
  std::vector<std::string> names;
  for (const auto& entry : stdfs::directory_iterator(directory)) {
    if (entry.is_directory()) names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}
std::string NameEndingIn(const std::string& directory, const std::string& suffix) {
  for (const std::string& name : Names(directory)) {
    if (name.ends_with(suffix)) return name;
  }
  return {};
}

TEST(RestartTest, ACleanStopKeepsEverythingAndNothingIsRecovered) {
  BrokerBench bench;
  ASSERT_TRUE(bench.Start().ok());
  ASSERT_TRUE(bench.Create("events", 3).ok());
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(bench.Append({"events", i % 3}, {std::to_string(i)}).ok());
  }
  ASSERT_TRUE(bench.Stop());
  ASSERT_TRUE(bench.Start().ok());
  // Nothing of a clean partition is opened before its first use.
  for (const auto& change : bench.fs.history()) {
    EXPECT_EQ(change.path.find("/events-"), std::string::npos) << change.ToString();
  }
  EXPECT_EQ(bench.ReadAll(kEvents).size(), 7u);
  EXPECT_EQ(bench.ReadAll({"events", 1}).front().second, "1");
  const auto appended = bench.Append(kEvents, {"new"});
  ASSERT_TRUE(appended.ok());
  EXPECT_EQ(appended->base_offset, 7);
  EXPECT_EQ(appended->leader_epoch, 1);  // A new one at every start.
}

TEST(RestartTest, AKillLosesNothingThatWasAcknowledgedAndAddsNothingTwice) {
  BrokerBench bench;
  ASSERT_TRUE(bench.Start().ok());
  ASSERT_TRUE(bench.Create("events").ok());
  std::vector<std::string> acknowledged;
  std::int32_t sequence = 0;
  for (int round = 0; round < 5; ++round) {
    for (int i = 0; i < 5; ++i) {
      const std::string value = std::to_string(round) + "/" + std::to_string(i);
      AppendRequest request = BrokerBench::Request(kEvents, {value});
      request.producer_id = 1;
      request.producer_epoch = 0;
      request.base_sequence = sequence;
      ASSERT_TRUE(bench.Append(request).ok());
      acknowledged.push_back(value);
      if (i == 4) {
        // The answer got lost on the way: the retry after the restart is a duplicate.
        bench.Kill();
        ASSERT_TRUE(bench.Start().ok());
        const auto again = bench.Append(request);
        ASSERT_TRUE(again.ok()) << again.error().ToString();
        EXPECT_TRUE(again->duplicate);
        EXPECT_EQ(again->base_offset, static_cast<Offset>(acknowledged.size()) - 1);
      }
      ++sequence;
    }
  }
  const auto records = bench.ReadAll(kEvents);
  ASSERT_EQ(records.size(), acknowledged.size());
  for (std::size_t i = 0; i < records.size(); ++i) {
    EXPECT_EQ(records[i].first, static_cast<Offset>(i));
    EXPECT_EQ(records[i].second, acknowledged[i]);
  }
}

TEST(RestartTest, AStopUnderLoadAnswersEverythingTruthfully) {
  BrokerBench bench;
  ASSERT_TRUE(bench.Start().ok());
  ASSERT_TRUE(bench.Create("events").ok());
  std::atomic<int> answered{0};
  std::atomic<int> acknowledged{0};
  std::atomic<int> wrong{0};
  std::atomic<int> submitted{0};
  std::atomic<bool> enough{false};
  std::vector<std::thread> threads;
  std::vector<std::unique_ptr<ProduceSession>> sessions;
  for (int t = 0; t < 4; ++t) {
    sessions.push_back(std::move(bench.OpenProduce(kEvents)).value());
    threads.emplace_back([&, session = sessions.back().get()] {
      while (!enough.load()) {
        ProduceBatch batch;
        batch.batch = BrokerBench::Batch({"a"});
        batch.reply = Reply<AppendResult>([&](Result<AppendResult> result) {
          if (result.ok()) {
            ++acknowledged;
          } else if (result.error().code() == ErrorCode::kShuttingDown ||
                     result.error().code() == ErrorCode::kPrecedingFailed) {
            enough.store(true);
          } else {
            ++wrong;
          }
          ++answered;
        });
        BrokerBench::Submit(*session, std::move(batch));
        ++submitted;
      }
    });
  }
  while (acknowledged.load() < 50) std::this_thread::yield();
  EXPECT_TRUE(bench.broker->Stop(std::chrono::seconds(20)));
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(answered.load(), submitted.load());
  EXPECT_EQ(wrong.load(), 0);
  sessions.clear();
  bench.Stop();
  ASSERT_TRUE(bench.Start().ok());
  // What was acknowledged, and nothing that was refused.
  EXPECT_EQ(bench.ReadAll(kEvents).size(), static_cast<std::size_t>(acknowledged.load()));
}

TEST(RestartTest, ADeletedTopicsNameCanBeUsedAgainAtOnce) {
  BrokerBench bench;
  ASSERT_TRUE(bench.Start().ok());
  for (int round = 0; round < 5; ++round) {
    ASSERT_TRUE(bench.Create("events", 2, {{"file.delete.delay.ms", "3600000"}}).ok());
    const auto appended = bench.Append(kEvents, {"round " + std::to_string(round)});
    ASSERT_TRUE(appended.ok()) << appended.error().ToString();
    EXPECT_EQ(appended->base_offset, 0);
    ASSERT_TRUE(bench.Delete("events").ok());
    EXPECT_EQ(bench.Fetch(kEvents, 0).error().code(), ErrorCode::kUnknownTopic);
  }
  ASSERT_TRUE(bench.Create("events", 2).ok());
  ASSERT_TRUE(bench.Append(kEvents, {"last"}).ok());
  bench.Kill();
  ASSERT_TRUE(bench.Start().ok());
  ASSERT_EQ(bench.ReadAll(kEvents).size(), 1u);
  EXPECT_EQ(bench.ReadAll(kEvents)[0].second, "last");
  // What was deleted before the stop is removed after the start.
  while (!NameEndingIn(bench.options.log_directory, "-delete").empty()) std::this_thread::yield();
  EXPECT_EQ(bench.Cluster()->problems, std::vector<std::string>());
}

TEST(RestartTest, ADeletedTopicsFilesGoAfterTheDelay) {
  BrokerBench bench;
  ASSERT_TRUE(bench.Start().ok());
  ASSERT_TRUE(bench.Create("events", 2, {{"file.delete.delay.ms", "10"}}).ok());
  ASSERT_TRUE(bench.Append(kEvents, {"a"}).ok());
  ASSERT_TRUE(bench.Delete("events").ok());
  while (!Names(bench.options.log_directory).empty()) std::this_thread::yield();
}

TEST(RestartTest, DirectoriesOfNoTopicAreMovedAsideAndReported) {
  BrokerBench bench;
  ASSERT_TRUE(bench.Start().ok());
  ASSERT_TRUE(bench.Create("events").ok());
  ASSERT_TRUE(bench.Append(kEvents, {"a"}).ok());
  ASSERT_TRUE(bench.Stop());
  const std::string log = bench.options.log_directory;
  stdfs::copy(log + "/events-0", log + "/unknown-4");
  stdfs::create_directory(log + "/not a partition");
  ASSERT_TRUE(bench.Start().ok());
  const std::string stray = NameEndingIn(log, "-stray");
  EXPECT_TRUE(stray.starts_with("unknown-4."));
  EXPECT_TRUE(stdfs::exists(log + "/" + stray + "/00000000000000000000.log"));
  EXPECT_TRUE(stdfs::exists(log + "/not a partition"));
  EXPECT_EQ(bench.Cluster()->problems.size(), 1u);
  EXPECT_EQ(bench.ReadAll(kEvents).size(), 1u);
}

TEST(RestartTest, LogsWithoutAnyMetadataAreNeverTouched) {
  BrokerBench bench;
  ASSERT_TRUE(bench.Start().ok());
  ASSERT_TRUE(bench.Create("events").ok());
  ASSERT_TRUE(bench.Append(kEvents, {"a"}).ok());
  ASSERT_TRUE(bench.Stop());
  bench.store.entries.clear();
  bench.store.revision = 0;
  const Status started = bench.Start();
  ASSERT_FALSE(started.ok());
  EXPECT_EQ(started.error().code(), ErrorCode::kMetadataMissing);
  EXPECT_EQ(Names(bench.options.log_directory), std::vector<std::string>{"events-0"});
}

TEST(RestartTest, AMissingOrDamagedPartitionIsOfflineAndTheOthersWork) {
  BrokerBench bench;
  ASSERT_TRUE(bench.Start().ok());
  ASSERT_TRUE(bench.Create("events", 3).ok());
  for (int p = 0; p < 3; ++p) {
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(bench.Append({"events", p}, {"a"}).ok());
  }
  ASSERT_TRUE(bench.Stop());
  const std::string log = bench.options.log_directory;
  stdfs::rename(log + "/events-0", bench.directory.File("taken-away"));
  stdfs::resize_file(log + "/events-1/00000000000000000000.log", 100);
  ASSERT_TRUE(bench.Start().ok());
  const auto missing = bench.Append(kEvents, {"b"});
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code(), ErrorCode::kCorruption);
  EXPECT_NE(missing.error().message().find("missing"), std::string::npos);
  EXPECT_EQ(bench.Append({"events", 1}, {"b"}).error().code(), ErrorCode::kCorruption);
  EXPECT_EQ(bench.Append({"events", 2}, {"b"})->base_offset, 10);
  EXPECT_EQ(bench.Cluster()->offline_partitions_count, 2);
  std::vector<std::string> status;
  const auto listed = bench.ListPartitions();
  for (const PartitionInfo& info : listed->items) status.push_back(info.status);
  EXPECT_NE(status[0], "ok");
  EXPECT_NE(status[1], "ok");
  EXPECT_EQ(status[2], "ok");
  // Killed and started again it is the same; nothing was made anew in its place.
  bench.Kill();
  ASSERT_TRUE(bench.Start().ok());
  EXPECT_EQ(bench.Append({"events", 1}, {"b"}).error().code(), ErrorCode::kCorruption);
  EXPECT_EQ(bench.Append(kEvents, {"b"}).error().code(), ErrorCode::kCorruption);
  EXPECT_FALSE(stdfs::exists(log + "/events-0"));
  ASSERT_TRUE(bench.Stop());
  // Brought back, it works again.
  stdfs::rename(bench.directory.File("taken-away"), log + "/events-0");
  ASSERT_TRUE(bench.Start().ok());
  EXPECT_EQ(bench.Append(kEvents, {"b"})->base_offset, 10);
}

// A killed process may have made directories whose names are not durable.
TEST(RestartTest, AfterAKillTheNamesOfAllLogsAreSyncedOnceBeforeOneIsUsed) {
  BrokerBench bench;
  ASSERT_TRUE(bench.Start().ok());
  ASSERT_TRUE(bench.Create("events", 8).ok());
  for (int p = 0; p < 8; ++p) ASSERT_TRUE(bench.Append({"events", p}, {"a"}).ok());
  bench.Kill();
  ASSERT_TRUE(bench.Start().ok());
  std::size_t before = 0;
  std::size_t after = 0;
  bool used = false;
  for (const auto& change : bench.fs.history()) {
    used = used || change.path.find("/events-") != std::string::npos;
    if (change.call == FileCall::kSyncDirectory && change.path == bench.options.log_directory) {
      ++(used ? after : before);
    }
  }
  EXPECT_TRUE(used);
  EXPECT_GE(before, 1u);
  EXPECT_LE(after, 1u);  // The dirty set is replaced.
}

// The metadata may have it, whatever the answer was.
TEST(RestartTest, ACreationThatFailedWhileItWasRecordedIsFinishedAtTheNextStart) {
  BrokerBench bench;
  ASSERT_TRUE(bench.Start().ok());
  bench.store.fail_after_next = Error(ErrorCode::kIo, "recorded, but who knows");
  ASSERT_FALSE(bench.Create("events").ok());
  bench.Stop();
  ASSERT_TRUE(bench.Start().ok());
  const auto appended = bench.Append(kEvents, {"a"});
  EXPECT_TRUE(appended.ok()) << appended.error().ToString();
}

TEST(RestartTest, ASyncThatFailsAtTheLastStopIsTold) {
  BrokerBench bench;
  ASSERT_TRUE(bench.Start().ok());
  ASSERT_TRUE(bench.Create("events").ok());
  ASSERT_TRUE(bench.Append(kEvents, {"a"}).ok());
  std::atomic<bool> told = false;
  bench.broker->OnLogFailure([&](const Error&) { told.store(true); });
  bench.fs.SetRule([](FileCall call, const std::string& path) -> std::optional<Error> {
    if (call != FileCall::kSync || !path.ends_with(".log")) return std::nullopt;
    return Error(ErrorCode::kIo, "the disk is gone");
  });
  bench.Stop();
  EXPECT_TRUE(told.load());
}

// The kernel says a failed sync once and calls the pages clean: whoever opened the log again would
// believe what the disk hasn't got.
TEST(RestartTest, ASyncThatFailsInARecoveryStopsTheLogDirectory) {
  for (const std::string ending : {".log", "durable-checkpoint", "/events-0"}) {
    for (const ErrorCode code : {ErrorCode::kIo, ErrorCode::kNoSpace}) {
      BrokerBench bench;
      ASSERT_TRUE(bench.Start().ok());
      ASSERT_TRUE(bench.Create("events").ok());
      ASSERT_TRUE(bench.Append(kEvents, {"a"}).ok());
      bench.Kill();
      bench.fs.SetRule([&](FileCall call, const std::string& path) -> std::optional<Error> {
        if (call != FileCall::kSync && call != FileCall::kSyncDirectory) return std::nullopt;
        if (path.find("/events-0") == std::string::npos || !path.ends_with(ending)) {
          return std::nullopt;
        }
        return Error(code, "the disk is gone");
      });
      ASSERT_TRUE(bench.Start().ok());
      std::atomic<bool> told = false;
      bench.broker->OnLogFailure([&](const Error&) { told.store(true); });
      EXPECT_TRUE(told.load()) << ending;
      bench.fs.SetRule({});
      const auto appended = bench.Append(kEvents, {"b"});
      ASSERT_FALSE(appended.ok());
      EXPECT_EQ(appended.error().code(), ErrorCode::kLogFailed) << appended.error().ToString();
    }
  }
}

// The machine stops at every single step of making a topic: afterwards there is either no topic, or
// one that works.
TEST(RestartTest, ACreationInterruptedAnywhereIsFinishedAtTheNextStart) {
  std::uint64_t steps = 1;
  bool finished = false;
  for (; !finished; ++steps) {
    BrokerBench bench;
    ASSERT_TRUE(bench.Start().ok());
    bench.fs.StopAtChange(steps);
    finished = bench.Create("events", 2).ok();
    bench.Stop(std::chrono::milliseconds(100));
    const Status started = bench.Start();
    ASSERT_TRUE(started.ok()) << "step " << steps << ": " << started.error().ToString();
    for (int p = 0; p < 2; ++p) {
      const auto appended = bench.Append({"events", p}, {"a"});
      if (appended.ok()) {
        EXPECT_EQ(appended->base_offset, 0);
      } else {
        EXPECT_EQ(appended.error().code(), ErrorCode::kUnknownTopic)
            << "step " << steps << ": " << appended.error().ToString();
        EXPECT_FALSE(finished);
      }
    }
  }
  EXPECT_GT(steps, 10u);
}

TEST(RestartTest, WithNoSpaceATopicIsNotMade) {
  BrokerBench bench;
  ASSERT_TRUE(bench.Start().ok());
  bench.fs.SetRule([](FileCall call, const std::string& path) -> std::optional<Error> {
    if (call != FileCall::kCreateDirectory || !path.ends_with("events-1")) return {};
    return Error(ErrorCode::kNoSpace, "full");
  });
  const auto created = bench.Create("events", 2);
  ASSERT_FALSE(created.ok());
  EXPECT_EQ(created.error().code(), ErrorCode::kNoSpace);
  EXPECT_EQ(bench.Append(kEvents, {"a"}).error().code(), ErrorCode::kUnknownTopic);
  bench.fs.SetRule({});
  ASSERT_TRUE(bench.Create("events", 2).ok());
  EXPECT_TRUE(bench.Append({"events", 1}, {"a"}).ok());
}

TEST(RestartTest, WhatTrimmingTookOutIsClosedAndGoneAfterItsDelay) {
  BrokerBench bench;
  bench.options.retention_check_interval = std::chrono::hours(1);
  ASSERT_TRUE(bench.Start().ok());
  ASSERT_TRUE(
      bench.Create("events", 1, {{"segment.bytes", "1048576"}, {"file.delete.delay.ms", "20"}})
          .ok());
  const std::string value(200'000, 'x');
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(bench.Append(kEvents, {value}).ok());
  ASSERT_EQ(bench.ReadAll(kEvents).size(), 20u);
  Question<Offset> trimmed;
  bench.broker->TrimPartition(kEvents, -1, false, trimmed.reply());
  ASSERT_EQ(*trimmed.Wait(), 20);
  const auto left = [&] {
    std::size_t count = 0;
    const auto is_gone = [&](const std::string& name) {
      return name.find(bench.options.log_directory) == 0 &&
             name.find(".deleted") != std::string::npos;
    };
    for (const auto& entry : stdfs::directory_iterator("/proc/self/fd")) {
      std::error_code closed_meanwhile;
      count += is_gone(stdfs::read_symlink(entry.path(), closed_meanwhile)) ? 1 : 0;
    }
    for (const auto& entry : stdfs::directory_iterator(bench.options.log_directory + "/events-0")) {
      count += is_gone(entry.path()) ? 1 : 0;
    }
    return count;
  };
  while (left() > 0) std::this_thread::yield();
  EXPECT_EQ(bench.Append(kEvents, {"b"})->base_offset, 20);
}

TEST(RestartTest, RetentionBySizeRemovesOldSegmentsAlsoOfUnusedPartitions) {
  BrokerBench bench;
  ASSERT_TRUE(bench.Start().ok());
  ASSERT_TRUE(bench
                  .Create("events", 1,
                          {{"segment.bytes", "1048576"},
                           {"retention.bytes", "2097152"},
                           {"file.delete.delay.ms", "0"}})
                  .ok());
  const std::string value(200'000, 'x');
  for (int i = 0; i < 40; ++i) ASSERT_TRUE(bench.Append(kEvents, {value}).ok());
  ASSERT_TRUE(bench.Stop());
  bench.options.retention_check_interval = std::chrono::milliseconds(20);
  ASSERT_TRUE(bench.Start().ok());
  const auto files = [&] {
    std::size_t count = 0;
    for (const auto& entry : stdfs::directory_iterator(bench.options.log_directory + "/events-0")) {
      const std::string name = entry.path().filename().string();
      if (name.ends_with(".log") || name.ends_with(".deleted")) ++count;
    }
    return count;
  };
  while (files() > 3) std::this_thread::yield();
  const auto offsets = bench.ListOffsets("events", {{0, OffsetQuery::At::kEarliest}});
  EXPECT_GT((*offsets)[0].offset, 0);
  EXPECT_EQ(bench.Append(kEvents, {"b"})->base_offset, 40);
}

TEST(RestartTest, EachStartThatWritesBeginsAnEpoch) {
  BrokerBench bench;
  ASSERT_TRUE(bench.Start().ok());
  ASSERT_TRUE(bench.Create("events", 1).ok());
  EXPECT_TRUE(bench.ListEpochs(kEvents)->empty());
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(bench.Append(kEvents, {"a", "b"}).ok());
    ASSERT_TRUE(bench.Stop());
    ASSERT_TRUE(bench.Start().ok());
  }
  const auto epochs = bench.ListEpochs(kEvents);
  ASSERT_TRUE(epochs.ok());
  ASSERT_EQ(epochs->size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ((*epochs)[i].start_offset, static_cast<Offset>(2 * i));
  }
  EXPECT_LT((*epochs)[0].epoch, (*epochs)[1].epoch);
  EXPECT_LT((*epochs)[1].epoch, (*epochs)[2].epoch);
  EXPECT_EQ(bench.ListEpochs({"other", 0}).error().code(), ErrorCode::kUnknownTopic);
  EXPECT_EQ(bench.ListEpochs({"events", 1}).error().code(), ErrorCode::kUnknownPartition);
}

// Goal: whatever happens side by side, every question is answered, and the stop in the middle of it
// is clean. Method: writers, readers, tails, and one that deletes, makes and alters the same
// topics.
TEST(RestartTest, EverythingAtOnceIsAnsweredAndTheStopIsClean) {
  BrokerBench bench;
  ASSERT_TRUE(bench.Start().ok());
  const std::vector<std::string> topics = {"a", "b", "c"};
  std::atomic<bool> stopping{false};
  std::atomic<int> asked{0};
  std::atomic<int> answered{0};
  std::atomic<int> good{0};
  const auto loop = [&](auto once) {
    return std::thread([&, once] {
      for (std::size_t i = 0; !stopping.load(); ++i) once(topics[i % topics.size()]);
    });
  };
  const auto count = [&](bool ok) {
    ++answered;
    if (ok) ++good;
  };
  std::vector<std::thread> threads;
  for (int t = 0; t < 2; ++t) {
    threads.push_back(loop([&](const std::string& topic) {
      ++asked;
      count(bench.Append({topic, 0}, {"record"}).ok());
    }));
    threads.push_back(loop([&](const std::string& topic) {
      const auto session = bench.OpenProduce({topic, 1});
      for (int i = 0; session.ok() && i < 10; ++i) {
        ++asked;
        ProduceBatch batch;
        batch.batch = BrokerBench::Batch({"a", "b"});
        batch.reply = Reply<AppendResult>([&](Result<AppendResult> result) { count(result.ok()); });
        BrokerBench::Submit(**session, std::move(batch));
      }
    }));
    threads.push_back(loop([&](const std::string& topic) {
      ++asked;
      count(bench.Fetch({topic, 0}, 0, std::chrono::milliseconds(2)).ok());
    }));
    threads.push_back(loop([&](const std::string& topic) {
      const auto tail = bench.OpenTail({topic, 1}, 0);
      for (int i = 0; tail.ok() && i < 5; ++i) {
        ++asked;
        Question<FetchResult> question;
        (*tail)->Next(question.reply());
        if (i == 4) (*tail)->Cancel();
        const auto result = question.Wait();
        count(result.ok());
        if (!result.ok()) break;
      }
    }));
  }
  threads.push_back(loop([&](const std::string& topic) {
    asked += 3;
    count(bench.Create(topic, 2, {{"file.delete.delay.ms", "0"}}).ok());
    Question<std::vector<ConfigEntry>> question;
    bench.broker->AlterTopicConfig(topic, {{{"qalam.flush", "os"}}, {}, false}, question.reply());
    count(question.Wait().ok());
    (void)bench.ListPartitions();
    count(bench.Delete(topic).ok());
    (void)bench.Create(topic, 2);
  }));
  while (good.load() < 300) std::this_thread::yield();
  const bool clean = bench.broker->Stop(std::chrono::seconds(30));
  stopping.store(true);
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(clean);
  EXPECT_EQ(answered.load(), asked.load());
}

}  // namespace
}  // namespace qalam
