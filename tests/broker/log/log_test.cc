#include "broker/log/log.h"

#include <gtest/gtest.h>

#include "broker/log/durable_checkpoint.h"
#include "broker/log/segment_crc.h"
#include "common/crc32c.h"
#include "tests/broker/log/log_fixture.h"

namespace qalam::log_test {
namespace {

TEST_F(LogTest, AnEmptyLogBeginsAndEndsAtZero) {
  CreateAndOpen();
  EXPECT_EQ(log_->end_offset(), 0);
  EXPECT_EQ(log_->log_start_offset(), 0);
  EXPECT_EQ(log_->durable_offset(), 0);
  EXPECT_FALSE(log_->recovery().recovered);
  const auto read = log_->view()->Read(0, 0, 100);
  ASSERT_TRUE(read.ok());
  EXPECT_TRUE(read->batches.empty());
  EXPECT_EQ(log_->BeginSync(), nullptr);
}

TEST_F(LogTest, WhatIsAppendedIsReadBackFromMemoryAndFromDisk) {
  CreateAndOpen();
  Fill(20, {.records = 3, .value_bytes = 100});
  EXPECT_TRUE(log_->view()->InMemory(59));
  ExpectAll({.value_bytes = 100});
  clock_.Advance(std::chrono::minutes(1));
  ASSERT_TRUE(log_->Tick(clock_.Now()).ok());
  EXPECT_FALSE(log_->view()->InMemory(59));
  ExpectAll({.value_bytes = 100});
  Fill(2, {.records = 3, .value_bytes = 100});
  ExpectAll({.value_bytes = 100});
}

TEST_F(LogTest, BufferedWritesGiveTheSameFile) {
  CreateAndOpen();
  Fill(30, {.records = 2, .value_bytes = 300});
  Close();
  const Bytes direct = fs_.Content(PathOf(0, kLogSuffix));
  MemoryFileSystem other;
  ASSERT_TRUE(other.CreateDirectory("/log").ok());
  const LogOptions options = SmallOptions(0);
  ASSERT_TRUE(Log::Create(other, options, TopicId()).ok());
  auto log = Log::Open(other, clock_, options, TopicId(), true);
  ASSERT_TRUE(log.ok());
  for (int i = 0; i < 30; ++i) {
    ASSERT_TRUE(AppendSynced(**log, {{.records = 2, .value_bytes = 300}}).ok());
  }
  ASSERT_TRUE((*log)->Close().ok());
  EXPECT_EQ(other.Content(PathOf(0, kLogSuffix)), direct);
}

TEST_F(LogTest, DurableOffsetMovesWithTheSyncOnly) {
  CreateAndOpen();
  ASSERT_TRUE(Append(*log_, {{.records = 5}}).ok());
  EXPECT_EQ(log_->end_offset(), 5);
  EXPECT_EQ(log_->durable_offset(), 0);
  auto ticket = log_->BeginSync();
  ASSERT_NE(ticket, nullptr);
  EXPECT_EQ(ticket->end_offset(), 5);
  EXPECT_EQ(log_->BeginSync(), nullptr) << "one at a time";
  const Status status = ticket->Run();
  EXPECT_EQ(log_->durable_offset(), 0);
  const auto durable = log_->OnSynced(std::move(ticket), status);
  ASSERT_TRUE(durable.ok());
  EXPECT_EQ(*durable, 5);
}

TEST_F(LogTest, AnEpochIsBegunByATicketOnce) {
  CreateAndOpen();
  Fill(2);
  EXPECT_EQ(log_->BeginEpoch(0), nullptr) << "it is the last one";
  auto ticket = log_->BeginEpoch(4);
  ASSERT_NE(ticket, nullptr);
  EXPECT_EQ(log_->last_epoch(), 0);
  // What may come in between is kept.
  ASSERT_TRUE(log_->Trim(1, 2).ok());
  const Status status = ticket->Run();
  ASSERT_TRUE(status.ok());
  ASSERT_TRUE(log_->OnEpochBegun(std::move(ticket), status).ok());
  EXPECT_EQ(log_->last_epoch(), 4);
  const std::uint64_t changes = faults_.changes();
  EXPECT_EQ(log_->BeginEpoch(4), nullptr);
  ASSERT_TRUE(AppendSynced(*log_, {{}}, 4).ok());
  for (const auto& change : faults_.history()) {
    if (change.number <= changes) continue;
    EXPECT_EQ(change.path.find(kEpochCheckpointName), std::string::npos) << change.ToString();
  }
  fs_.Crash();
  Open(false);
  EXPECT_EQ(log_->last_epoch(), 4);
  EXPECT_EQ(log_->end_offset(), 3);
}

TEST_F(LogTest, AnEpochThatFoundNoSpaceHasNotBegunAndAnyOtherErrorIsFinal) {
  CreateAndOpen();
  Fill(1);
  const auto fail = [&](ErrorCode code) {
    auto ticket = log_->BeginEpoch(3);
    EXPECT_NE(ticket, nullptr);
    return log_->OnEpochBegun(std::move(ticket), Error(code, "on cue"));
  };
  EXPECT_EQ(fail(ErrorCode::kNoSpace).error().code(), ErrorCode::kNoSpace);
  EXPECT_EQ(fail(ErrorCode::kTooManyRequests).error().code(), ErrorCode::kTooManyRequests);
  EXPECT_EQ(log_->last_epoch(), 0);
  EXPECT_FALSE(log_->failed());
  EXPECT_EQ(fail(ErrorCode::kIo).error().code(), ErrorCode::kLogFailed);
  EXPECT_TRUE(log_->failed());
  EXPECT_EQ(log_->BeginEpoch(3), nullptr);
}

TEST_F(LogTest, AViewDoesNotChange) {
  CreateAndOpen();
  Fill(3);
  const auto view = log_->view();
  Fill(100, {.value_bytes = 500});
  EXPECT_EQ(view->end_offset(), 3);
  const auto records = ReadAll(*view, 0, 3);
  ASSERT_TRUE(records.ok());
  EXPECT_EQ(*records, Expected(0, 3));
  EXPECT_EQ(view->Read(4, 10, 100).error().code(), ErrorCode::kOffsetOutOfRange);
}

TEST_F(LogTest, ReadsStopAtUntilAndReturnAtLeastOneBatch) {
  CreateAndOpen();
  Fill(10, {.records = 2, .value_bytes = 100});
  for (const bool cold : {false, true}) {
    if (cold) {
      clock_.Advance(std::chrono::minutes(1));
      ASSERT_TRUE(log_->Tick(clock_.Now()).ok());
    }
    const auto view = log_->view();
    auto read = view->Read(5, 12, 1);
    ASSERT_TRUE(read.ok());
    EXPECT_EQ(read->next_offset, 6) << "the whole batch that holds offset 5, and no more";
    read = view->Read(0, 12, 1 << 20);
    ASSERT_TRUE(read.ok());
    EXPECT_EQ(read->next_offset, 12);
    read = view->Read(12, 12, 1 << 20);
    ASSERT_TRUE(read.ok());
    EXPECT_TRUE(read->batches.empty());
    EXPECT_EQ(read->next_offset, 12);
    const auto outside = view->Read(13, 12, 1);
    ASSERT_FALSE(outside.ok());
    EXPECT_EQ(outside.error().code(), ErrorCode::kOffsetOutOfRange);
    EXPECT_EQ(outside.error().detail("log_start_offset"), "0");
  }
}

TEST_F(LogTest, RollsWhenTheNextGroupWouldNotFit) {
  CreateAndOpen();
  Fill(100, {.value_bytes = 500});
  EXPECT_GE(log_->view()->segments_count(), 3u);
  for (const std::string& name : Names(".log")) {
    EXPECT_LE(fs_.Content(JoinPath(kDirectory, name)).size(), options_.segment_bytes_max);
  }
  ExpectAll({.value_bytes = 500});
  clock_.Advance(std::chrono::minutes(1));
  ASSERT_TRUE(log_->Tick(clock_.Now()).ok());
  ExpectAll({.value_bytes = 500});
}

TEST_F(LogTest, RollsByTheAgeOfItsFirstAppend) {
  options_.segment_age_max = std::chrono::hours(1);
  CreateAndOpen();
  Fill(1);
  clock_.Advance(std::chrono::minutes(59));
  Fill(1);
  EXPECT_EQ(log_->view()->segments_count(), 1u);
  clock_.Advance(std::chrono::minutes(2));
  Fill(1);
  EXPECT_EQ(log_->view()->segments_count(), 2u);
  clock_.Advance(std::chrono::minutes(61));
  ASSERT_TRUE(log_->Tick(clock_.Now()).ok());
  EXPECT_EQ(log_->view()->segments_count(), 3u) << "a quiet log too";
  ASSERT_TRUE(Sync(*log_).ok());
  clock_.Advance(std::chrono::minutes(61));
  ASSERT_TRUE(log_->Tick(clock_.Now()).ok());
  EXPECT_EQ(log_->view()->segments_count(), 3u) << "but not an empty segment";
  ExpectAll();
}

// Nobody knows how old they are: not old enough to roll at every start.
TEST_F(LogTest, RecordsWithoutTimestampDoNotRollAtTheNextStart) {
  CreateAndOpen();
  Fill(3, {.timestamp = kNoTimestamp});
  for (const bool clean : {true, false}) {
    if (clean) Close();
    Open(clean);
    Fill(1);
    EXPECT_EQ(log_->view()->segments_count(), 1u);
  }
}

TEST_F(LogTest, RollsWhenAnIndexIsFull) {
  options_.index_bytes_max = 48;
  options_.segment_bytes_max = 1 << 20;
  CreateAndOpen();
  Fill(40, {.value_bytes = 600});
  EXPECT_GE(log_->view()->segments_count(), 3u);
  for (const std::string& name : Names(".timeindex")) {
    EXPECT_LE(fs_.Content(JoinPath(kDirectory, name)).size(), 48u);
  }
  ExpectAll({.value_bytes = 600});
}

TEST_F(LogTest, NothingInANewSegmentIsDurableBeforeItsNameIs) {
  CreateAndOpen();
  Fill(30, {.value_bytes = 500});
  while (log_->view()->segments_count() < 3) {
    ASSERT_TRUE(Append(*log_, {{.value_bytes = 500}}).ok());
    if (log_->view()->segments_count() == 3) break;
    ASSERT_TRUE(Sync(*log_).ok());
  }
  auto ticket = log_->BeginSync();
  const std::size_t before = faults_.history().size();
  const Status status = ticket->Run();
  ASSERT_TRUE(log_->OnSynced(std::move(ticket), status).ok());
  int syncs = 0;
  bool directory = false;
  const auto history = faults_.history();
  for (std::size_t i = before; i < history.size(); ++i) {
    if (history[i].path.ends_with(".log") && history[i].call == FileCall::kSync) ++syncs;
    if (history[i].call == FileCall::kSyncDirectory) directory = true;
  }
  EXPECT_EQ(syncs, 2) << "the old one and the new one";
  EXPECT_TRUE(directory);
}

TEST_F(LogTest, ACleanStopLeavesNothingToScan) {
  CreateAndOpen();
  Fill(50, {.value_bytes = 500});
  const Offset end = log_->end_offset();
  Close();
  Open(true);
  EXPECT_FALSE(log_->recovery().recovered);
  EXPECT_EQ(log_->recovery().scanned_bytes, 0u);
  EXPECT_EQ(log_->recovery().indexes_rebuilt, 0u);
  EXPECT_EQ(log_->end_offset(), end);
  EXPECT_EQ(log_->durable_offset(), end);
  ExpectAll({.value_bytes = 500});
  Fill(5, {.value_bytes = 500});
  ExpectAll({.value_bytes = 500});
}

TEST_F(LogTest, ACleanOpenThatChangesNothingWritesNothing) {
  CreateAndOpen();
  Fill(50, {.value_bytes = 500});
  Close();
  const std::uint64_t before = faults_.changes();
  Open(true);
  Close();
  EXPECT_EQ(faults_.changes(), before);
}

TEST_F(LogTest, ClosedFilesHaveTheirRealSizes) {
  CreateAndOpen();
  Fill(5);
  Close();
  const Bytes content = fs_.Content(PathOf(0, kLogSuffix));
  BatchCursor cursor(content);
  std::size_t bytes = 0;
  for (auto batch = cursor.Next(); batch.ok() && *batch; batch = cursor.Next()) {
    bytes += (*batch)->bytes.size();
  }
  EXPECT_EQ(bytes, content.size());
}

TEST_F(LogTest, TheSidecarHoldsTheCrcOfTheWholeFiles) {
  CreateAndOpen();
  Fill(100, {.value_bytes = 500});
  Close();
  const auto names = Names(".log");
  ASSERT_GE(names.size(), 3u);
  for (const std::string& name : names) {
    const std::string stem = JoinPath(kDirectory, name.substr(0, 20));
    const auto sidecar = SegmentCrc::Load(fs_, stem + ".crc");
    ASSERT_TRUE(sidecar.has_value());
    for (const auto& [suffix, digest] :
         {std::pair(".log", sidecar->log), std::pair(".index", sidecar->offset_index),
          std::pair(".timeindex", sidecar->time_index)}) {
      const Bytes content = fs_.Content(stem + suffix);
      EXPECT_EQ(digest.size_bytes, content.size()) << suffix;
      EXPECT_EQ(digest.crc, Crc32c(content)) << suffix;
    }
  }
}

TEST_F(LogTest, AFailedSyncFailsTheLogForGood) {
  CreateAndOpen();
  Fill(1);
  ASSERT_TRUE(Append(*log_, {{}}).ok());
  faults_.FailSyncsFrom(1);
  auto ticket = log_->BeginSync();
  const Status status = ticket->Run();
  EXPECT_FALSE(status.ok());
  const auto durable = log_->OnSynced(std::move(ticket), status);
  ASSERT_FALSE(durable.ok());
  EXPECT_EQ(durable.error().code(), ErrorCode::kLogFailed);
  faults_.FailSyncsFrom(0);
  EXPECT_EQ(Append(*log_, {{}}).error().code(), ErrorCode::kLogFailed);
  EXPECT_EQ(log_->BeginSync(), nullptr);
  EXPECT_EQ(log_->Tick(clock_.Now()).error().code(), ErrorCode::kLogFailed);
  EXPECT_EQ(log_->Close().error().code(), ErrorCode::kLogFailed);
  EXPECT_EQ(log_->durable_offset(), 1);
}

TEST_F(LogTest, AfterAFailedSyncOnlyTheDiskIsBelieved) {
  // The page cache still shows what the failed sync lost; recovery must not take it.
  options_ = SmallOptions(0);
  CreateAndOpen();
  Fill(3);
  ASSERT_TRUE(Append(*log_, {{}, {}}).ok());
  faults_.FailSyncsFrom(1);
  ASSERT_FALSE(Sync(*log_).ok());
  faults_.FailSyncsFrom(0);
  Open(false);
  EXPECT_EQ(log_->end_offset(), 3);
  ExpectAll();
  Fill(3);
  ExpectAll();
}

TEST_F(LogTest, AnErrorOfTheDiskOnWriteFailsTheLog) {
  CreateAndOpen();
  Fill(1);
  faults_.SetRule([](FileCall call, const std::string& path) -> std::optional<Error> {
    if (call != FileCall::kWrite || !path.ends_with(".log")) return std::nullopt;
    return Error(ErrorCode::kIo, "bad disk");
  });
  EXPECT_EQ(Append(*log_, {{}}).error().code(), ErrorCode::kLogFailed);
  faults_.SetRule({});
  EXPECT_EQ(Append(*log_, {{}}).error().code(), ErrorCode::kLogFailed);
  ASSERT_TRUE(log_->failed().has_value());
}

TEST_F(LogTest, AFullDiskRefusesAndHeals) {
  CreateAndOpen();
  Fill(3, {.value_bytes = 700});
  const auto before = ReadAll(*log_);
  ASSERT_TRUE(before.ok());
  fs_.SetFreeBytes(0);
  int refused = 0;
  for (int i = 0; i < 40 && refused < 10; ++i) {
    // What was prepared may take some more.
    const Status appended = Append(*log_, {{.records = 3, .value_bytes = 2000}});
    if (appended.ok()) {
      ASSERT_TRUE(Sync(*log_).ok());
      continue;
    }
    ++refused;
    ASSERT_EQ(appended.error().code(), ErrorCode::kNoSpace);
    ASSERT_FALSE(log_->failed().has_value());
    const auto records = ReadAll(*log_);
    ASSERT_TRUE(records.ok()) << records.error().ToString();
    EXPECT_EQ(records->size(), static_cast<std::size_t>(log_->end_offset()));
  }
  ASSERT_EQ(refused, 10);
  const Offset end = log_->end_offset();
  fs_.SetFreeBytes(1 << 20);
  Fill(5, {.value_bytes = 2000});
  EXPECT_EQ(log_->end_offset(), end + 5);
  ASSERT_TRUE(ReadAll(*log_).ok());
  Open(false);
  EXPECT_EQ(log_->end_offset(), end + 5);
}

TEST_F(LogTest, WhatAFullDiskRefusedNeverComesBack) {
  // Wherever in the write the space ends, and whatever of it a crash keeps.
  const BatchSpec spec{.records = 1, .value_bytes = 1500, .prefix = "good"};
  const BatchSpec refused{.records = 1, .value_bytes = 1500, .prefix = "refused"};
  for (std::uint64_t free = 0; free <= 12288; free += 4096) {
    for (std::uint64_t seed = 0; seed < 30; ++seed) {
      fs_.Crash();
      log_.reset();
      MemoryFileSystem fs(4096);
      ASSERT_TRUE(fs.CreateDirectory("/log").ok());
      ASSERT_TRUE(Log::Create(fs, options_, TopicId()).ok());
      auto log = Log::Open(fs, clock_, options_, TopicId(), false);
      ASSERT_TRUE(log.ok());
      // Large groups, so that no space is prepared ahead.
      ASSERT_TRUE(AppendSynced(**log, {spec}).ok());
      fs.SetFreeBytes(free);
      if (Append(**log, {refused, refused, refused, refused, refused}).ok()) continue;
      fs.Crash(seed);
      log = Log::Open(fs, clock_, options_, TopicId(), false);
      ASSERT_TRUE(log.ok()) << log.error().ToString();
      EXPECT_EQ((*log)->end_offset(), 1);
    }
  }
}

TEST_F(LogTest, ANewEpochIsDurableBeforeItsFirstBatchIsWritten) {
  CreateAndOpen();
  ASSERT_TRUE(AppendSynced(*log_, {{}}, 3).ok());
  EXPECT_EQ(log_->last_epoch(), 3);
  ASSERT_TRUE(AppendSynced(*log_, {{}, {}}, 7).ok());
  EXPECT_EQ(log_->view()->EpochOf(0), 3);
  EXPECT_EQ(log_->view()->EpochOf(1), 7);
  EXPECT_EQ(AsText(fs_.Content(JoinPath(kDirectory, kEpochCheckpointName))), "0\n2\n3 0\n7 1\n");
  const auto history = faults_.history();
  std::size_t renamed = 0;
  std::size_t written = 0;
  for (std::size_t i = 0; i < history.size(); ++i) {
    if (history[i].call == FileCall::kRename) renamed = i;
    if (history[i].call == FileCall::kWrite && history[i].path.ends_with(".log")) written = i;
  }
  EXPECT_LT(renamed, written);
  Open(false);
  EXPECT_EQ(log_->last_epoch(), 7);
}

TEST_F(LogTest, FindsOffsetsByTimestamp) {
  CreateAndOpen();
  const TimestampMs start = ManualClock::kStartMs;
  for (int i = 0; i < 60; ++i) {
    ASSERT_TRUE(
        AppendSynced(*log_, {{.records = 2, .value_bytes = 400, .timestamp = start + i * 10}})
            .ok());
  }
  ASSERT_GE(log_->view()->segments_count(), 3u);
  for (const bool reopened : {false, true}) {
    if (reopened) {
      Close();
      Open(true);
    }
    const auto view = log_->view();
    for (Offset offset = 0; offset < 120; ++offset) {
      const TimestampMs timestamp = start + offset / 2 * 10 + offset % 2;
      const auto found = view->FindTimestamp(timestamp, 120);
      ASSERT_TRUE(found.ok()) << found.error().ToString();
      ASSERT_TRUE(found->has_value());
      EXPECT_EQ((*found)->offset, offset);
      EXPECT_EQ((*found)->timestamp, timestamp);
    }
    EXPECT_EQ(view->FindTimestamp(start + 5, 120).value()->offset, 2) << "the next one";
    EXPECT_FALSE(view->FindTimestamp(start + 10'000, 120).value().has_value());
    EXPECT_FALSE(view->FindTimestamp(start + 300, 50).value().has_value()) << "it lies above";
    EXPECT_EQ(view->FindMaxTimestamp(120).value()->offset, 119);
    EXPECT_EQ(view->FindMaxTimestamp(50).value()->offset, 49);
  }
}

TEST_F(LogTest, FindsTimestampsThatDoNotAscend) {
  CreateAndOpen();
  const TimestampMs start = ManualClock::kStartMs;
  std::vector<TimestampMs> timestamps;
  for (int i = 0; i < 80; ++i) timestamps.push_back(start + (i * 37) % 80);
  for (const TimestampMs timestamp : timestamps) {
    ASSERT_TRUE(AppendSynced(*log_, {{.value_bytes = 400, .timestamp = timestamp}}).ok());
  }
  for (TimestampMs wanted = start - 1; wanted < start + 82; ++wanted) {
    Offset first = kNoOffset;
    for (std::size_t i = 0; i < timestamps.size() && first < 0; ++i) {
      if (timestamps[i] >= wanted) first = static_cast<Offset>(i);
    }
    const auto found = log_->view()->FindTimestamp(wanted, 80);
    ASSERT_TRUE(found.ok());
    EXPECT_EQ(found->value_or(TimestampedOffset{}).offset, first) << wanted - start;
  }
}

TEST_F(LogTest, AnotherTopicsDirectoryIsRefused) {
  CreateAndOpen();
  Close();
  Uuid other = TopicId();
  other.bytes[0] = 99;
  const auto opened = Log::Open(fs_, clock_, options_, other, true);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code(), ErrorCode::kWrongNode);
}

TEST_F(LogTest, CreatingOverSomethingIsRefused) {
  Create();
  EXPECT_EQ(Log::Create(fs_, options_, TopicId()).error().code(), ErrorCode::kConflict);
}

TEST_F(LogTest, SettingsThatRecoveryReliesOnAreCheckpointedFirst) {
  CreateAndOpen();
  Fill(3);
  LogOptions changed = options_;
  changed.flush_mode = FlushMode::kOs;
  changed.group_bytes_max = 4 << 10;
  ASSERT_TRUE(log_->Reconfigure(changed).ok());
  const auto checkpoint = DurableCheckpoint::Open(fs_, kDirectory);
  ASSERT_TRUE(checkpoint.ok());
  EXPECT_EQ((*checkpoint)->last()->flush_mode, FlushMode::kOs);
  EXPECT_EQ((*checkpoint)->last()->group_bytes_max, 4u << 10);
  EXPECT_EQ((*checkpoint)->last()->durable_offset, 3);
  ASSERT_TRUE(Append(*log_, {{}}).ok());
  ASSERT_TRUE(Append(*log_, {{}}).ok()) << "no sync between groups is needed now";
}

TEST_F(LogTest, UnderOsManyGroupsGoAheadOfASync) {
  options_.flush_mode = FlushMode::kOs;
  CreateAndOpen();
  ASSERT_TRUE(Append(*log_, {{.value_bytes = 500}}).ok());
  auto ticket = log_->BeginSync();
  ASSERT_NE(ticket, nullptr);
  // It rolls, twice, while the sync is under way.
  for (int i = 0; i < 80; ++i) ASSERT_TRUE(Append(*log_, {{.value_bytes = 500}}).ok());
  ASSERT_GE(log_->view()->segments_count(), 3u);
  const Status status = ticket->Run();
  EXPECT_EQ(log_->OnSynced(std::move(ticket), status).value(), 1);
  ASSERT_TRUE(Sync(*log_).ok());
  EXPECT_EQ(log_->durable_offset(), 81);
  ExpectAll({.value_bytes = 500});
  fs_.Crash();
  Open(false);
  EXPECT_EQ(log_->end_offset(), 81);
  ExpectAll({.value_bytes = 500});
}

TEST_F(LogTest, CheckpointsComeWithTheBytesAndWithTime) {
  CreateAndOpen();
  Fill(1);
  const auto durable = [&] {
    return DurableCheckpoint::Open(fs_, kDirectory).value()->last()->durable_offset;
  };
  EXPECT_EQ(durable(), 0);
  clock_.Advance(std::chrono::seconds(6));
  ASSERT_TRUE(log_->Tick(clock_.Now()).ok());
  ASSERT_TRUE(Sync(*log_).ok());
  EXPECT_EQ(durable(), 1);
  EXPECT_EQ(log_->BeginSync(), nullptr);
  Fill(13, {.records = 4, .value_bytes = 500});
  EXPECT_GT(durable(), 1);
  EXPECT_LE(Names(".snapshot").size(), 2u) << "old ones go";
}

TEST_F(LogTest, SpaceIsPreparedForSmallGroupsOnly) {
  options_.segment_bytes_max = 64 << 20;
  options_.group_bytes_max = 4 << 20;
  CreateAndOpen();
  Fill(60);
  EXPECT_GE(fs_.Content(PathOf(0, kLogSuffix)).size(), 256u << 10);
  Fill(3);
  ExpectAll();
  Close();
  EXPECT_LT(fs_.Content(PathOf(0, kLogSuffix)).size(), 8192u);
  Open(true);
  std::size_t zero_fills = 0;
  faults_.SetRule([&](FileCall call, const std::string&) -> std::optional<Error> {
    if (call == FileCall::kZeroFill) ++zero_fills;
    return std::nullopt;
  });
  Fill(8, {.value_bytes = 1 << 20});
  EXPECT_EQ(zero_fills, 0u);
}

TEST_F(LogTest, ReadersKeepWhatTheyHoldWhenTheLogIsGone) {
  CreateAndOpen();
  Fill(10);
  const auto view = log_->view();
  const auto read = view->Read(0, 10, 1 << 20);
  ASSERT_TRUE(read.ok());
  log_.reset();
  const auto records = ReadAll(*view, 0, 10);
  ASSERT_TRUE(records.ok());
  EXPECT_EQ(*records, Expected(0, 10));
  EXPECT_EQ(BatchHeader::Decode(read->batches[0].view()).base_offset, 0);
}

TEST_F(LogTest, RunningOutOfDescriptorsIsPassing) {
  CreateAndOpen();
  Fill(20, {.value_bytes = 700});
  faults_.SetRule([](FileCall call, const std::string&) -> std::optional<Error> {
    if (call != FileCall::kOpen) return std::nullopt;
    return Error(ErrorCode::kTooManyRequests, "no descriptor left");
  });
  Status appended = OkStatus();
  for (int i = 0; i < 40 && appended.ok(); ++i) {
    appended = Append(*log_, {{.value_bytes = 700}});
    if (appended.ok()) {
      ASSERT_TRUE(Sync(*log_).ok());
    }
  }
  ASSERT_FALSE(appended.ok()) << "it must roll some time";
  EXPECT_EQ(appended.error().code(), ErrorCode::kTooManyRequests);
  EXPECT_FALSE(log_->failed().has_value());
  faults_.SetRule({});
  Fill(20, {.value_bytes = 700});
  ExpectAll({.value_bytes = 700});
}

}  // namespace
}  // namespace qalam::log_test
