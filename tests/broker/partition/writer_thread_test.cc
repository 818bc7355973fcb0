#include "broker/partition/writer_thread.h"

#include <gtest/gtest.h>

#include <thread>

#include "tests/broker/partition/partition_bench.h"

namespace qalam {
namespace {

using Answer = PartitionBench::Answer;

TEST(WriterThreadTest, AFullMailboxRefusesAndCallsBackWhenThereIsRoom) {
  PartitionBench bench(2);
  const auto handle = bench.Make("events");
  bench.Submit(handle);
  bench.Submit(handle);
  AppendCommand third = bench.Command(handle, {});
  bool answered = false;
  third.reply = Reply<AppendResult>([&](Result<AppendResult>) { answered = true; });
  EXPECT_FALSE(bench.writer->TryPost(third));
  EXPECT_FALSE(answered);
  EXPECT_FALSE(third.batch.empty());
  bool room = false;
  bench.writer->OnRoom([&] { room = true; });
  EXPECT_FALSE(room);
  bench.Turn();
  EXPECT_TRUE(room);
  EXPECT_TRUE(bench.writer->TryPost(third));
  bench.Settle();
  EXPECT_TRUE(answered);
}

TEST(WriterThreadTest, IdlePartitionsCostNothingPerTurn) {
  PartitionBench bench;
  std::vector<std::shared_ptr<PartitionHandle>> idle;
  for (int i = 0; i < 200; ++i) idle.push_back(bench.Make("idle" + std::to_string(i)));
  const auto busy = bench.MakeUsed("busy");
  bench.Settle();
  // Between two ticks only the busy one is looked at: no file is touched but its log.
  bench.fs.StopAtChange(0);
  const std::uint64_t before = bench.fs.changes();
  bench.Submit(busy);
  bench.Settle();
  const auto history = bench.fs.history();
  for (std::uint64_t i = before; i < history.size(); ++i) {
    EXPECT_NE(history[i].path.find("/busy-0/"), std::string::npos) << history[i].ToString();
  }
}

TEST(WriterThreadTest, WhatArrivesForAReleasedPartitionIsAnsweredWhy) {
  PartitionBench bench;
  const auto handle = bench.MakeUsed("events");
  handle->problem.Store(std::make_shared<const Error>(ErrorCode::kUnknownTopic, "deleted"));
  handle->state.store(PartitionHandle::State::kGone);
  bench.writer->Release(*handle);
  const Answer answer = bench.Submit(handle);
  bench.Turn();
  ASSERT_TRUE(answer->has_value());
  EXPECT_EQ((*answer)->error().code(), ErrorCode::kUnknownTopic);
}

TEST(WriterThreadTest, WhatReturnsForPartitionsThatWereReleasedIsDropped) {
  PartitionBench bench;
  const auto gone = bench.Make("gone");
  const auto kept = bench.Make("kept");
  const Answer refused = bench.Submit(gone);
  const Answer answer = bench.Submit(kept);
  bench.Turn();
  bench.writer->Release(*gone);  // As a stop that ran out of patience does.
  ASSERT_TRUE(bench.Sync());
  bench.Turn();
  EXPECT_EQ(bench.sync_pool.queued(), 1u);  // The epoch of the one that is still here.
  bench.Settle();
  ASSERT_TRUE(refused->has_value() && answer->has_value());
  EXPECT_EQ((*refused)->error().code(), ErrorCode::kShuttingDown);
  EXPECT_TRUE((*answer)->ok());
  // And with the epoch under way.
  const auto late = bench.Make("late");
  bench.Submit(late);
  bench.Turn();
  ASSERT_TRUE(bench.Sync());
  bench.Turn();
  bench.writer->Release(*late);
  bench.Settle();
  EXPECT_EQ(late->owned, nullptr);
}

TEST(WriterThreadTest, StopRunsWhatIsQueuedAndDropsWhatComesLater) {
  PartitionBench bench;
  bench.writer->Start();
  int ran = 0;
  for (int i = 0; i < 100; ++i) {
    bench.writer->Post([&] { ++ran; });
  }
  bench.writer->Stop();
  EXPECT_EQ(ran, 100);
  bool dropped = false;
  bench.writer->Post([reply = std::make_shared<Reply<Unit>>(
                          [&](Result<Unit> result) { dropped = !result.ok(); })] {});
  EXPECT_TRUE(dropped);
}

// While the writer waits, the thread that comes back from a sync answers in its place.
TEST(WriterThreadTest, WhoComesBackFromASyncDoesTheWaitingWritersTurn) {
  PartitionBench bench;
  const auto handle = bench.MakeHandle("events");
  std::atomic<bool> adopted = false;
  std::thread::id writer_id;
  bench.writer->Start();
  bench.writer->Post([&, log = bench.OpenLog(*handle)]() mutable {
    bench.writer->Adopt(handle, std::move(log));
    writer_id = std::this_thread::get_id();
    adopted = true;
  });
  while (!adopted) std::this_thread::yield();
  constexpr int kAppends = 20;
  int elsewhere = 0;
  for (int i = 0; i < kAppends; ++i) {
    std::atomic<bool> answered = false;
    AppendCommand command = bench.Command(handle, {.producer = 1, .sequence = i});
    command.reply = Reply<AppendResult>([&](Result<AppendResult> result) {
      EXPECT_TRUE(result.ok());
      if (std::this_thread::get_id() != writer_id) ++elsewhere;
      answered = true;
    });
    ASSERT_TRUE(bench.writer->TryPost(command));
    while (!answered) {  // This thread is the pool, and gives the writer time to fall asleep.
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      bench.sync_pool.RunOne();
    }
  }
  bench.writer->Stop();
  EXPECT_EQ(handle->high_watermark.Load(), kAppends);
  EXPECT_GT(elsewhere, 0);  // A busy machine may keep the writer awake, but not always.
}

TEST(WriterThreadTest, ManyThreadsAppendWithoutLosingTheirOrder) {
  PartitionBench bench;
  const auto handle = bench.MakeHandle("events");
  bench.sync_pool.Start();
  bench.wake_pool.Start();
  bench.writer->Start();
  bench.writer->Post(
      [&, log = bench.OpenLog(*handle)]() mutable { bench.writer->Adopt(handle, std::move(log)); });
  constexpr int kThreads = 4;
  constexpr int kEach = 200;
  std::atomic<int> answered{0};
  std::vector<std::vector<Offset>> offsets(kThreads, std::vector<Offset>(kEach));
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        AppendCommand command = bench.Command(handle, {.producer = t, .sequence = i});
        command.reply = Reply<AppendResult>([&, t, i](Result<AppendResult> result) {
          if (result.ok()) {
            offsets[static_cast<std::size_t>(t)][static_cast<std::size_t>(i)] = result->base_offset;
          }
          ++answered;
        });
        while (!bench.writer->TryPost(command)) std::this_thread::yield();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  while (answered.load() < kThreads * kEach) std::this_thread::yield();
  bench.writer->Stop();
  bench.sync_pool.Stop();
  bench.wake_pool.Stop();
  EXPECT_EQ(handle->high_watermark.Load(), kThreads * kEach);
  for (const auto& of_one : offsets) {
    EXPECT_TRUE(std::is_sorted(of_one.begin(), of_one.end()));
  }
  const auto bases = PartitionBench::BaseOffsets(*handle);
  ASSERT_EQ(bases.size(), static_cast<std::size_t>(kThreads * kEach));
  for (std::size_t i = 0; i < bases.size(); ++i) EXPECT_EQ(bases[i], static_cast<Offset>(i));
}

}  // namespace
}  // namespace qalam
