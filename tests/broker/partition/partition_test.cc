#include "broker/partition/partition.h"

#include <gtest/gtest.h>

#include "broker/log/epoch_cache.h"
#include "tests/broker/partition/partition_bench.h"

namespace qalam {
namespace {

using Batch = PartitionBench::BatchOptions;
using Answer = PartitionBench::Answer;

ErrorCode CodeOf(const Answer& answer) {
  if (!answer->has_value()) return ErrorCode::kUnknown;
  return (*answer)->ok() ? ErrorCode::kUnknown : (*answer)->error().code();
}
bool Acknowledged(const Answer& answer) { return answer->has_value() && (*answer)->ok(); }

std::vector<EpochCache::Entry> EpochsOf(FileSystem& fs, const std::string& topic) {
  const auto loaded = EpochCache::Load(fs, PartitionBench::kDirectory + ("/" + topic) + "-0");
  QALAM_CHECK(loaded.ok());
  return loaded->entries();
}

// What a PartitionBench counts as a sync of a log.
bool IsLogSync(FileCall call, const std::string& path) {
  return call == FileCall::kSync && path.ends_with(".log");
}

TEST(PartitionTest, AnswersOnlyAfterTheSync) {
  PartitionBench bench;
  const auto handle = bench.MakeUsed("events");
  const Answer answer = bench.Submit(handle, Batch{.records = 3});
  bench.Turn();
  EXPECT_EQ(handle->view.Load()->end_offset(), 4);  // Written,
  EXPECT_FALSE(answer->has_value());                // not acknowledged,
  EXPECT_EQ(handle->high_watermark.Load(), 1);      // not readable.
  ASSERT_TRUE(bench.Sync());
  EXPECT_FALSE(answer->has_value());
  bench.Turn();
  ASSERT_TRUE(Acknowledged(answer));
  EXPECT_EQ((*answer)->value().base_offset, 1);
  EXPECT_EQ((*answer)->value().last_offset, 3);
  EXPECT_EQ((*answer)->value().leader_epoch, PartitionBench::kEpoch);
  EXPECT_EQ((*answer)->value().durability, Durability::kFsync);
  EXPECT_EQ(handle->high_watermark.Load(), 4);
  EXPECT_EQ(handle->durable_offset.load(), 4);
}

TEST(PartitionTest, WhatIsAcknowledgedIsAlreadyReadable) {
  PartitionBench bench;
  const auto handle = bench.MakeUsed("events");
  Offset seen = -1;
  AppendCommand command = bench.Command(handle, Batch{});
  command.reply =
      Reply<AppendResult>([&](Result<AppendResult>) { seen = handle->high_watermark.Load(); });
  ASSERT_TRUE(bench.writer->TryPost(command));
  bench.Settle();
  EXPECT_EQ(seen, 2);
}

TEST(PartitionTest, TheNextGroupCollectsWhileTheSyncRuns) {
  PartitionBench bench;
  const auto handle = bench.MakeUsed("events");
  std::vector<Answer> answers = {bench.Submit(handle)};
  bench.Turn();
  for (int i = 0; i < 10; ++i) {
    answers.push_back(bench.Submit(handle));
    bench.Turn();
  }
  EXPECT_TRUE(handle->collecting.load());
  // Group N+1 is written only after group N's sync returned.
  EXPECT_EQ(handle->view.Load()->end_offset(), 2);
  EXPECT_EQ(bench.sync_pool.queued(), 1u);
  const std::uint64_t before = bench.files.syncs();
  ASSERT_TRUE(bench.Sync());
  bench.Turn();
  EXPECT_TRUE(Acknowledged(answers[0]));
  EXPECT_FALSE(answers[1]->has_value());
  EXPECT_EQ(handle->view.Load()->end_offset(), 12);  // All ten in one group,
  ASSERT_TRUE(bench.Sync());
  bench.Turn();
  EXPECT_EQ(bench.files.syncs(), before + 2);  // with one sync.
  for (const Answer& answer : answers) EXPECT_TRUE(Acknowledged(answer));
  EXPECT_FALSE(handle->collecting.load());
}

TEST(PartitionTest, PartitionsOfOneWriterSyncSideBySide) {
  PartitionBench bench;
  const auto a = bench.MakeUsed("a");
  const auto b = bench.MakeUsed("b");
  const Answer of_a = bench.Submit(a);
  const Answer of_b = bench.Submit(b);
  bench.Turn();
  EXPECT_EQ(bench.sync_pool.queued(), 2u);
  ASSERT_TRUE(bench.Sync());
  bench.Turn();
  // Each is released as its own sync returns.
  EXPECT_NE(Acknowledged(of_a), Acknowledged(of_b));
  bench.Settle();
  EXPECT_TRUE(Acknowledged(of_a) && Acknowledged(of_b));
}

TEST(PartitionTest, TheFirstAppendIsAnnouncedDurablyBeforeItIsWritten) {
  PartitionBench bench;
  const auto handle = bench.Make("events");
  const Answer answer = bench.Submit(handle);
  bench.Turn();
  EXPECT_EQ(handle->view.Load()->end_offset(), 0);
  EXPECT_FALSE(bench.dirty->Contains("events-0"));
  ASSERT_TRUE(bench.Sync());
  EXPECT_TRUE(bench.dirty->Contains("events-0"));
  bench.Turn();
  EXPECT_EQ(handle->view.Load()->end_offset(), 0);
  EXPECT_TRUE(EpochsOf(bench.files, "events").empty());
  ASSERT_TRUE(bench.Sync());
  bench.Turn();
  EXPECT_EQ(handle->view.Load()->end_offset(), 1);
  bench.files.Crash();
  const auto after = DirtySet::Open(bench.files, PartitionBench::kDirectory);
  ASSERT_TRUE(after.ok());
  EXPECT_TRUE((*after)->Contains("events-0"));
  EXPECT_EQ(EpochsOf(bench.files, "events"),
            (std::vector<EpochCache::Entry>{{PartitionBench::kEpoch, 0}}));
}

TEST(PartitionTest, ManyFirstAppendsAreAnnouncedTogether) {
  PartitionBench bench;
  std::vector<std::shared_ptr<PartitionHandle>> handles;
  std::vector<Answer> answers;
  for (int i = 0; i < 20; ++i) handles.push_back(bench.Make("events" + std::to_string(i)));
  std::vector<std::string> announcements;
  bench.fs.SetHook([&](const FaultFileSystem::Change& change) {
    if (change.call == FileCall::kSync && change.path.ends_with("dirty-partitions")) {
      announcements.push_back(change.path);
    }
  });
  answers.push_back(bench.Submit(handles[0]));
  bench.Turn();
  // While the first is being announced the others collect, turn by turn.
  for (std::size_t i = 1; i < handles.size(); ++i) {
    answers.push_back(bench.Submit(handles[i]));
    bench.Turn();
    EXPECT_EQ(bench.sync_pool.queued(), 1u);
  }
  ASSERT_TRUE(bench.Sync());
  bench.Turn();
  EXPECT_EQ(bench.sync_pool.queued(), 2u);  // The first one's epoch, the next announcement.
  bench.Settle();
  EXPECT_EQ(announcements.size(), 2u);
  for (const Answer& answer : answers) EXPECT_TRUE(Acknowledged(answer));
}

TEST(PartitionTest, WhereAnEpochBeginsIsWrittenInTheSyncPool) {
  PartitionBench bench;
  const auto handle = bench.Make("events");
  const auto other = bench.MakeUsed("other");
  bool on_writer = true;
  std::size_t seen = 0;
  bench.fs.SetHook([&](const FaultFileSystem::Change& change) {
    if (change.path.find("leader-epoch-checkpoint") == std::string::npos) return;
    ++seen;
    EXPECT_FALSE(on_writer) << change.ToString();
  });
  const Answer answer = bench.Submit(handle);
  bench.Turn();
  on_writer = false;
  ASSERT_TRUE(bench.Sync());  // The dirty set.
  on_writer = true;
  bench.Turn();
  // Another partition goes on while the epoch waits for the disk.
  const Answer of_other = bench.Submit(other);
  bench.Turn();
  EXPECT_EQ(other->view.Load()->end_offset(), 2);
  EXPECT_EQ(bench.sync_pool.queued(), 2u);
  on_writer = false;
  ASSERT_TRUE(bench.Sync());  // The epoch.
  on_writer = true;
  EXPECT_GT(seen, 0u);
  EXPECT_EQ(handle->view.Load()->end_offset(), 0);
  bench.Settle();
  EXPECT_TRUE(Acknowledged(answer) && Acknowledged(of_other));
}

TEST(PartitionTest, AnEpochThatFindsNoSpaceRefusesWhatWaitsAndIsTriedAgain) {
  PartitionBench bench;
  const auto handle = bench.Make("events");
  bench.fs.SetRule([](FileCall call, const std::string& path) -> std::optional<Error> {
    if (call != FileCall::kWrite || !path.ends_with("checkpoint.tmp")) return std::nullopt;
    return Error(ErrorCode::kNoSpace, "full");
  });
  const Answer refused = bench.Submit(handle);
  bench.Settle();
  EXPECT_EQ(CodeOf(refused), ErrorCode::kNoSpace);
  EXPECT_NE(handle->write_refusal.Load(), nullptr);
  EXPECT_EQ(handle->view.Load()->end_offset(), 0);
  EXPECT_TRUE(handle->owned->idle());
  bench.fs.SetRule({});
  const Answer answer = bench.Submit(handle);
  bench.Settle();
  EXPECT_TRUE(Acknowledged(answer));
  EXPECT_EQ(handle->write_refusal.Load(), nullptr);
  EXPECT_EQ(EpochsOf(bench.files, "events").size(), 1u);
  EXPECT_TRUE(bench.failures.empty());
}

TEST(PartitionTest, AnEpochThatCannotBeSyncedIsFinal) {
  PartitionBench bench;
  const auto handle = bench.Make("events");
  bench.fs.SetRule([](FileCall call, const std::string& path) -> std::optional<Error> {
    if (call != FileCall::kSync || !path.ends_with("checkpoint.tmp")) return std::nullopt;
    return Error(ErrorCode::kIo, "device error");
  });
  const Answer answer = bench.Submit(handle);
  bench.Settle();
  EXPECT_EQ(CodeOf(answer), ErrorCode::kLogFailed);  // Nothing was written.
  EXPECT_EQ(bench.failures.size(), 1u);
  EXPECT_EQ(handle->view.Load()->end_offset(), 0);
  EXPECT_TRUE(handle->owned->idle());
}

// Whatever of the two steps is under way, it has come back before the partition is let go.
TEST(PartitionTest, WhileItIsAnnouncedAPartitionIsNotIdle) {
  for (int steps = 0; steps < 2; ++steps) {
    PartitionBench bench;
    const auto handle = bench.Make("events");
    const Answer answer = bench.Submit(handle);
    bench.Turn();
    for (int i = 0; i < steps; ++i) {
      ASSERT_TRUE(bench.Sync());
      bench.Turn();
    }
    handle->owned->WindDown(Error(ErrorCode::kUnknownTopic, "deleted"));
    EXPECT_EQ(CodeOf(answer), ErrorCode::kUnknownTopic);
    bool let_go = false;
    handle->owned->WhenIdle([&] { let_go = true; });
    bench.Turn();
    EXPECT_FALSE(let_go) << steps;
    EXPECT_FALSE(handle->owned->idle());
    ASSERT_TRUE(bench.Sync());
    bench.Turn();
    EXPECT_TRUE(let_go) << steps;
    EXPECT_TRUE(handle->owned->idle());
    EXPECT_FALSE(bench.Sync()) << "no epoch begins any more";
    EXPECT_TRUE(bench.writer->Release(*handle)->log().Close().ok());
  }
}

TEST(PartitionTest, AnAnnouncementThatFailsRefusesWhatWaitsAndIsTriedAgain) {
  PartitionBench bench;
  const auto handle = bench.Make("events");
  bench.fs.SetRule([](FileCall call, const std::string& path) -> std::optional<Error> {
    if (call != FileCall::kWrite || !path.ends_with("dirty-partitions")) return std::nullopt;
    return Error(ErrorCode::kNoSpace, "full");
  });
  const Answer refused = bench.Submit(handle);
  bench.Settle();
  EXPECT_EQ(CodeOf(refused), ErrorCode::kNoSpace);
  EXPECT_EQ(handle->view.Load()->end_offset(), 0);
  bench.fs.SetRule({});
  const Answer answer = bench.Submit(handle);
  bench.Settle();
  EXPECT_TRUE(Acknowledged(answer));
  EXPECT_TRUE(bench.dirty->Contains("events-0"));
}

TEST(PartitionTest, ADuplicatesAcknowledgementWaitsForTheOriginalsSync) {
  PartitionBench bench;
  const auto handle = bench.MakeUsed("events");
  const Batch batch{.records = 2, .producer = 5};
  const Answer original = bench.Submit(handle, batch);
  bench.Turn();
  const Answer duplicate = bench.Submit(handle, batch);
  bench.Turn();
  EXPECT_FALSE(duplicate->has_value());
  bench.Sync();
  bench.Turn();
  ASSERT_TRUE(Acknowledged(original));
  ASSERT_TRUE(Acknowledged(duplicate));
  EXPECT_TRUE((*duplicate)->value().duplicate);
  EXPECT_EQ((*duplicate)->value().base_offset, (*original)->value().base_offset);
  EXPECT_EQ((*duplicate)->value().durability, Durability::kFsync);
  EXPECT_EQ(PartitionBench::BaseOffsets(*handle), (std::vector<Offset>{0, 1}));
  // Later, with nothing under way, it is answered without any sync.
  const std::uint64_t syncs = bench.files.syncs();
  const Answer again = bench.Submit(handle, batch);
  bench.Turn();
  EXPECT_TRUE(Acknowledged(again));
  EXPECT_EQ(bench.files.syncs(), syncs);
}

TEST(PartitionTest, ARefusalInTheLogFailsTheRestOfTheStream) {
  PartitionBench bench;
  const auto handle = bench.MakeUsed("events");
  bench.fs.SetRule([](FileCall call, const std::string& path) -> std::optional<Error> {
    if (call != FileCall::kWrite || !path.ends_with(".log")) return std::nullopt;
    return Error(ErrorCode::kNoSpace, "full");
  });
  const auto stream = std::make_shared<StreamState>();
  const auto submit = [&](std::uint64_t generation) {
    AppendCommand command = bench.Command(handle, Batch{});
    command.stream = stream;
    command.generation = generation;
    return bench.Submit(std::move(command));
  };
  const Answer full = submit(1);
  bench.Turn();
  EXPECT_EQ(CodeOf(full), ErrorCode::kNoSpace);
  // The disk has room again: still nothing of that generation lands.
  bench.fs.SetRule({});
  const Answer preceding = submit(1);
  const Answer restarted = submit(2);
  bench.Settle();
  EXPECT_EQ(CodeOf(preceding), ErrorCode::kPrecedingFailed);
  ASSERT_TRUE(Acknowledged(restarted));
  EXPECT_EQ((*restarted)->value().base_offset, 1);
  EXPECT_TRUE(bench.failures.empty());
}

TEST(PartitionTest, AFailedSyncIsFinalForTheWholeLogDirectory) {
  PartitionBench bench;
  const auto a = bench.MakeUsed("a");
  const auto b = bench.MakeUsed("b");
  bench.fs.SetRule([](FileCall call, const std::string& path) -> std::optional<Error> {
    if (!IsLogSync(call, path) || path.find("/a-0/") == std::string::npos) return std::nullopt;
    return Error(ErrorCode::kIo, "device error");
  });
  const Answer written = bench.Submit(a);
  const Answer other_written = bench.Submit(b);
  bench.Turn();
  const Answer queued = bench.Submit(a);
  bench.Turn();
  bench.Settle();
  EXPECT_EQ(CodeOf(written), ErrorCode::kAmbiguous);
  EXPECT_EQ(CodeOf(queued), ErrorCode::kLogFailed);
  ASSERT_EQ(bench.failures.size(), 1u);  // Told once.
  EXPECT_NE(bench.failures[0].message().find("device error"), std::string::npos);
  // The other partition's sync went well, but the disk is not to be trusted.
  EXPECT_EQ(CodeOf(other_written), ErrorCode::kAmbiguous);
  // No retry brings anything back.
  bench.fs.SetRule({});
  const Answer later = bench.Submit(a);
  const Answer other_later = bench.Submit(b);
  bench.Settle();
  EXPECT_EQ(CodeOf(later), ErrorCode::kLogFailed);
  EXPECT_EQ(CodeOf(other_later), ErrorCode::kLogFailed);
  EXPECT_EQ(a->high_watermark.Load(), 1);
  EXPECT_EQ(a->state.load(), PartitionHandle::State::kOffline);
}

TEST(PartitionTest, AFailedWriteIsAmbiguousForItsGroup) {
  PartitionBench bench;
  const auto handle = bench.MakeUsed("events");
  bench.fs.SetRule([](FileCall call, const std::string& path) -> std::optional<Error> {
    if (call != FileCall::kWrite || !path.ends_with(".log")) return std::nullopt;
    return Error(ErrorCode::kIo, "device error");
  });
  const Answer answer = bench.Submit(handle);
  bench.Settle();
  EXPECT_EQ(CodeOf(answer), ErrorCode::kAmbiguous);
  EXPECT_EQ(bench.failures.size(), 1u);
}

TEST(PartitionTest, ReadersAreWokenOncePerGroupAndNotOnTheWritersThread) {
  PartitionBench bench;
  const auto handle = bench.MakeUsed("events");
  std::size_t woken = 0;
  for (std::size_t i = 0; i < ReaderWakes::AtOnceHere(); ++i) {
    ASSERT_TRUE(handle->high_watermark.Wait(1, [&] { ++woken; }).has_value());
  }
  ASSERT_TRUE(handle->high_watermark.Wait(20, [&] { woken += 1000; }).has_value());
  for (int i = 0; i < 10; ++i) bench.Submit(handle);
  bench.Turn();
  bench.Sync();
  bench.Turn();
  EXPECT_EQ(woken, 0u);
  EXPECT_GT(bench.wake_pool.queued(), 0u);
  while (bench.wake_pool.RunOne()) {
  }
  EXPECT_EQ(woken, ReaderWakes::AtOnceHere());
}

TEST(PartitionTest, ManyReadersAreWokenAFewAtATime) {
  PartitionBench bench;
  const auto handle = bench.MakeUsed("events");
  const std::size_t at_once = ReaderWakes::AtOnceHere();
  std::size_t woken = 0;
  const auto wait = [&](std::size_t readers) {
    for (std::size_t i = 0; i < readers; ++i) {
      ASSERT_TRUE(handle->high_watermark.Wait(handle->high_watermark.Load(), [&] { ++woken; }));
    }
  };
  wait(2 * at_once + 1);
  bench.Submit(handle);
  bench.Settle();
  EXPECT_EQ(woken, at_once);
  EXPECT_EQ(handle->high_watermark.Load(), 2);
  wait(at_once);  // Those who were woken ask again, and wait behind the others.
  bench.Submit(handle);
  bench.Settle();
  EXPECT_EQ(woken, at_once);
  for (const std::size_t expected : {2 * at_once, 3 * at_once, 3 * at_once + 1, 3 * at_once + 1}) {
    bench.clock.Advance(ReaderWakes::kPause);
    bench.Settle();
    EXPECT_EQ(woken, expected);
  }
  EXPECT_FALSE(handle->owned->due().has_value());
}

TEST(PartitionTest, ACheckpointThatIsDueWaitsWhileManySyncsDo) {
  PartitionBench bench;
  const auto handle = bench.MakeUsed("events");
  bench.Submit(handle);
  bench.Settle();
  constexpr std::size_t kMany = 65;
  for (std::size_t i = 0; i < kMany; ++i) bench.sync_pool.Post([] {});
  bench.clock.Advance(std::chrono::seconds(6));
  bench.Turn();
  EXPECT_EQ(bench.sync_pool.queued(), kMany);
  while (bench.sync_pool.RunOne()) continue;
  bench.clock.Advance(std::chrono::seconds(1));
  bench.Turn();
  EXPECT_EQ(bench.sync_pool.queued(), 1U);
}

TEST(PartitionTest, UnderOsAWriteIsEnough) {
  PartitionBench bench;
  const auto handle = bench.MakeUsed("events", PartitionBench::Settings(FlushMode::kOs));
  const Answer first = bench.Submit(handle);
  bench.Turn();
  const Answer second = bench.Submit(handle);
  bench.Turn();
  ASSERT_TRUE(Acknowledged(first) && Acknowledged(second));
  EXPECT_EQ((*second)->value().durability, Durability::kOs);
  EXPECT_EQ(handle->high_watermark.Load(), 3);
  EXPECT_EQ(bench.sync_pool.queued(), 0u);
}

TEST(PartitionTest, UnderIntervalTheSyncComesWhenItIsDue) {
  PartitionBench bench;
  PartitionSettings settings = PartitionBench::Settings(FlushMode::kInterval);
  settings.log.flush_interval = std::chrono::milliseconds(50);
  const auto handle = bench.MakeUsed("events", settings);
  bench.clock.Advance(std::chrono::milliseconds(60));
  bench.Settle();
  const std::uint64_t syncs = bench.files.syncs();
  const Answer answer = bench.Submit(handle);
  bench.Turn();
  ASSERT_TRUE(Acknowledged(answer));
  EXPECT_EQ((*answer)->value().durability, Durability::kOs);
  bench.clock.Advance(std::chrono::milliseconds(49));
  bench.Turn();
  EXPECT_FALSE(bench.Sync());
  bench.clock.Advance(std::chrono::milliseconds(1));
  bench.Turn();
  EXPECT_TRUE(bench.Sync());
  bench.Turn();
  EXPECT_EQ(bench.files.syncs(), syncs + 1);
  EXPECT_EQ(handle->durable_offset.load(), 2);
}

TEST(PartitionTest, NewSettingsAreInForceForTheNextGroup) {
  PartitionBench bench;
  const auto handle = bench.MakeUsed("events", PartitionBench::Settings(FlushMode::kOs));
  auto settings = std::make_shared<PartitionSettings>(*handle->settings.Load());
  settings->log.flush_mode = FlushMode::kFsync;
  handle->settings.Store(settings);
  handle->owned->ApplySettings();
  const Answer answer = bench.Submit(handle);
  bench.Turn();
  EXPECT_FALSE(answer->has_value());
  bench.Settle();
  ASSERT_TRUE(Acknowledged(answer));
  EXPECT_EQ((*answer)->value().durability, Durability::kFsync);
}

TEST(PartitionTest, AnIdleTaskRunsBetweenTwoGroups) {
  PartitionBench bench;
  const auto handle = bench.MakeUsed("events");
  const Answer first = bench.Submit(handle);
  bench.Turn();
  bool ran = false;
  handle->owned->WhenIdle([&] { ran = true; });
  const Answer second = bench.Submit(handle);
  bench.Turn();
  EXPECT_FALSE(ran);
  bench.Sync();
  bench.Turn();
  EXPECT_TRUE(ran);
  EXPECT_TRUE(Acknowledged(first));
  bench.Settle();
  EXPECT_TRUE(Acknowledged(second));
}

TEST(PartitionTest, ADeadlineThatPassesAfterTheWriteIsAmbiguous) {
  PartitionBench bench;
  const auto handle = bench.MakeUsed("events");
  AppendCommand command = bench.Command(handle, Batch{});
  command.deadline = bench.clock.Now() + std::chrono::seconds(1);
  const Answer answer = bench.Submit(std::move(command));
  bench.Turn();
  bench.clock.Advance(std::chrono::seconds(2));
  bench.Turn();
  EXPECT_EQ(CodeOf(answer), ErrorCode::kAmbiguous);
  bench.Settle();
  EXPECT_EQ(handle->high_watermark.Load(), 2);
}

TEST(PartitionTest, AtTheEndTheUnwrittenIsRefusedAndTheUnsyncedIsAmbiguous) {
  auto bench = std::make_unique<PartitionBench>();
  const auto handle = bench->MakeUsed("events");
  const Answer written = bench->Submit(handle);
  bench->Turn();
  const Answer queued = bench->Submit(handle);
  bench->Turn();
  bench->writer->RefuseAppends();
  const Answer late = bench->Submit(handle);
  EXPECT_EQ(CodeOf(late), ErrorCode::kShuttingDown);
  EXPECT_FALSE(queued->has_value());
  bench->writer->Release(*handle).reset();
  EXPECT_EQ(CodeOf(written), ErrorCode::kAmbiguous);
  EXPECT_EQ(CodeOf(queued), ErrorCode::kShuttingDown);
}

TEST(PartitionTest, OnceItWindsDownTheClockStartsNoSyncBeforeItIsLetGo) {
  for (const bool winds_down : {false, true}) {
    PartitionBench bench;
    const auto handle = bench.MakeUsed("events");
    while (bench.Sync()) bench.Turn();
    if (winds_down) handle->owned->WindDown(Error(ErrorCode::kShuttingDown, "stopping"));
    bench.clock.Advance(std::chrono::minutes(2));  // A checkpoint is due.
    bench.Turn();
    EXPECT_EQ(handle->owned->idle(), winds_down);
    EXPECT_EQ(bench.Sync(), !winds_down);
    bench.Turn();
    auto released = bench.writer->Release(*handle);
    EXPECT_TRUE(released->log().Close().ok());
  }
}

TEST(PartitionTest, AfterACrashTheAcknowledgedIsThereAndTheRestIsNot) {
  auto bench = std::make_unique<PartitionBench>();
  const auto handle = bench->MakeUsed("events");
  const Answer kept = bench->Submit(handle, Batch{.records = 4});
  bench->Settle();
  ASSERT_TRUE(Acknowledged(kept));
  const Answer lost = bench->Submit(handle);
  bench->Turn();
  bench->files.Crash();
  auto log = Log::Open(bench->files, bench->clock, handle->settings.Load()->log, Uuid{}, false);
  ASSERT_TRUE(log.ok()) << log.error().ToString();
  EXPECT_EQ((*log)->end_offset(), 5);
  EXPECT_FALSE(lost->has_value());
}

}  // namespace
}  // namespace qalam
