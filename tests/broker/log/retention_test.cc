// What goes: the rule, the clock it judges by, and a log that gives segments up.
#include "broker/log/retention.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "broker/log/durable_checkpoint.h"
#include "broker/log/retention_clock.h"
#include "common/crc32c.h"
#include "tests/broker/log/log_fixture.h"

namespace qalam::log_test {
namespace {

TEST(RetentionPassTest, BytesAreKeptAsManyAsAskedFor) {
  RetentionRule rule;
  rule.retention_bytes = 250;
  rule.high_watermark = 1000;
  RetentionPass pass(rule, 500);  // Five segments of 100.
  EXPECT_TRUE(pass.RemovedAnyway(10, 100));
  pass.Remove(100);
  EXPECT_TRUE(pass.RemovedAnyway(20, 100));
  pass.Remove(100);
  EXPECT_FALSE(pass.RemovedAnyway(30, 100)) << "200 would be less than 250";
}

TEST(RetentionPassTest, NothingAboveTheHighWatermarkGoes) {
  RetentionRule rule;
  rule.high_watermark = 10;
  const RetentionPass pass(rule, 500);
  EXPECT_TRUE(pass.MayRemove(10));
  EXPECT_FALSE(pass.MayRemove(11));
}

TEST(RetentionPassTest, TimeCountsFromTheLargestTimestamp) {
  RetentionRule rule;
  rule.retention_ms = 1000;
  EXPECT_FALSE(RetentionPass(rule, 0).Expired(0)) << "paused";
  rule.now = 5000;
  const RetentionPass pass(rule, 0);
  EXPECT_TRUE(pass.Expired(3999));
  EXPECT_FALSE(pass.Expired(4000));
  EXPECT_FALSE(pass.Expired(9000)) << "of the future";
  EXPECT_FALSE(pass.Expired(kNoTimestamp));
  rule.retention_ms = -1;
  EXPECT_FALSE(RetentionPass(rule, 0).Expired(0));
}

TEST(RetentionPassTest, WhatLiesBelowTheLogsStartGoes) {
  RetentionRule rule;
  rule.log_start_offset = 50;
  const RetentionPass pass(rule, 500);
  EXPECT_TRUE(pass.RemovedAnyway(50, 1));
  EXPECT_FALSE(pass.RemovedAnyway(51, 1));
}

class RetentionClockTest : public ::testing::Test {
 protected:
  RetentionClockTest() { EXPECT_TRUE(fs_.CreateDirectory("/log").ok()); }
  RetentionClock Open() {
    auto opened = RetentionClock::Open(fs_, "/log", clock_);
    EXPECT_TRUE(opened.ok());
    return std::move(opened).value();
  }
  std::optional<TimestampMs> Pass(RetentionClock& retention) {
    const auto passed = retention.Pass(clock_);
    EXPECT_TRUE(passed.ok());
    return passed.value();
  }
  MemoryFileSystem fs_;
  ManualClock clock_;
};

TEST_F(RetentionClockTest, FollowsTheWallClock) {
  auto retention = Open();
  EXPECT_EQ(Pass(retention), ManualClock::kStartMs);
  clock_.Advance(std::chrono::hours(30));
  EXPECT_EQ(Pass(retention), clock_.NowMs());
  clock_.SetWall(clock_.NowMs() + 59 * 60 * 1000);
  EXPECT_EQ(Pass(retention), clock_.NowMs()) << "within the hour";
}

TEST_F(RetentionClockTest, AJumpPausesUntilItIsAccepted) {
  auto retention = Open();
  const std::int64_t year = std::int64_t{400} * 24 * 3600 * 1000;
  clock_.SetWall(clock_.NowMs() + year);
  EXPECT_FALSE(Pass(retention).has_value());
  EXPECT_TRUE(retention.paused());
  clock_.Advance(std::chrono::hours(5));
  EXPECT_FALSE(Pass(retention).has_value());
  retention.Accept();
  EXPECT_EQ(Pass(retention), clock_.NowMs());
  EXPECT_FALSE(retention.paused());
  EXPECT_EQ(Pass(retention), clock_.NowMs());
}

TEST_F(RetentionClockTest, APauseEndsWhenTheClockIsRightAgain) {
  auto retention = Open();
  const TimestampMs start = clock_.NowMs();
  clock_.SetWall(start + 1'000'000'000);
  for (int i = 0; i < 100; ++i) {
    clock_.Advance(std::chrono::minutes(5));
    EXPECT_FALSE(Pass(retention).has_value());
  }
  clock_.SetWall(start + 500 * 60 * 1000);
  EXPECT_EQ(Pass(retention), clock_.NowMs());
}

TEST_F(RetentionClockTest, NeverRunsBack) {
  auto retention = Open();
  const TimestampMs start = clock_.NowMs();
  clock_.SetWall(start - 1'000'000'000);
  EXPECT_EQ(Pass(retention), start);
}

TEST_F(RetentionClockTest, AJumpOverAShutdownPausesToo) {
  {
    auto retention = Open();
    EXPECT_TRUE(Pass(retention).has_value());
  }
  clock_.SetWall(clock_.NowMs() + 3 * 3600 * 1000);
  {
    auto retention = Open();
    EXPECT_FALSE(Pass(retention).has_value());
  }
  // But time that passed since the boot is no jump, whoever ran meanwhile.
  clock_.Advance(std::chrono::hours(3));
  clock_.SetWall(ManualClock::kStartMs + 3 * 3600 * 1000);
  auto retention = Open();
  EXPECT_EQ(Pass(retention), clock_.NowMs());
  // After a boot only the time since then is known.
  clock_.SetMonotonic(std::chrono::minutes(1));
  clock_.SetWall(clock_.NowMs() + 61 * 60 * 1000);
  auto rebooted = Open();
  EXPECT_EQ(Pass(rebooted), clock_.NowMs());
}

TEST_F(RetentionClockTest, AFullDiskDoesNotStopIt) {
  auto retention = Open();
  fs_.SetSpace(0);
  clock_.Advance(std::chrono::hours(2));
  EXPECT_EQ(Pass(retention), clock_.NowMs());
}

TEST_F(RetentionClockTest, ADamagedFileStartsAnew) {
  {
    auto retention = Open();
    Pass(retention);
  }
  Bytes content = fs_.Content("/log/retention-clock");
  content[2] ^= std::byte{1};
  fs_.SetContent("/log/retention-clock", content);
  auto retention = Open();
  EXPECT_EQ(Pass(retention), clock_.NowMs());
}

// A right checksum, but times that never were: adding to them would overflow.
TEST_F(RetentionClockTest, ImpossibleTimesStartAnew) {
  for (const std::string_view numbers :
       {"-1 5", "5 -1", "9223372036854775807 5", "5 -9223372036854775808"}) {
    const std::string line = fmt::format("{} {:08x}\n", numbers, Crc32c(AsBytes(numbers)));
    const BytesView bytes = AsBytes(line);
    fs_.SetContent("/log/retention-clock", Bytes(bytes.begin(), bytes.end()));
    auto retention = Open();
    EXPECT_EQ(Pass(retention), clock_.NowMs()) << numbers;
  }
}

class LogRetentionTest : public LogTest {
 protected:
  void FillSegments(std::size_t segments) {
    CreateAndOpen();
    while (log_->view()->segments_count() < segments) Fill(1, {.value_bytes = 500});
  }
  void Retain(std::optional<TimestampMs> now) {
    const auto start = log_->ApplyRetention(now, log_->durable_offset());
    ASSERT_TRUE(start.ok()) << start.error().ToString();
    EXPECT_EQ(*start, log_->log_start_offset());
  }
};

TEST_F(LogRetentionTest, BySizeWholeSegmentsGoAndTheLogStartsLater) {
  FillSegments(6);
  options_.retention_bytes = 40 << 10;
  options_.retention_ms = -1;
  ASSERT_TRUE(log_->Reconfigure(options_).ok());
  Retain(std::nullopt);
  EXPECT_GE(log_->view()->size_bytes(), 40u << 10);
  EXPECT_LT(log_->view()->size_bytes(), (40u + 16u) << 10);
  EXPECT_GT(log_->log_start_offset(), 0);
  ExpectAll({.value_bytes = 500});
  const auto below = log_->view()->Read(0, 1, 1);
  ASSERT_FALSE(below.ok());
  EXPECT_EQ(below.error().code(), ErrorCode::kOffsetOutOfRange);
  const Offset start = log_->log_start_offset();
  Open(false);
  EXPECT_EQ(log_->log_start_offset(), start);
}

TEST_F(LogRetentionTest, ByTimeTheOldOnesGoAndAtLastTheActiveOne) {
  options_.retention_ms = 1000;
  FillSegments(3);
  Retain(std::nullopt);
  EXPECT_EQ(log_->log_start_offset(), 0) << "paused";
  Retain(ManualClock::kStartMs + 900);
  EXPECT_EQ(log_->log_start_offset(), 0);
  const Offset end = log_->end_offset();
  Retain(ManualClock::kStartMs + 2000);
  ASSERT_TRUE(Sync(*log_).ok());
  Retain(ManualClock::kStartMs + 2000);
  EXPECT_EQ(log_->log_start_offset(), end);
  EXPECT_EQ(log_->view()->segments_count(), 1u);
  EXPECT_EQ(log_->view()->size_bytes(), 0u);
  Fill(2, {.value_bytes = 500});
  ExpectAll({.value_bytes = 500});
  Open(false);
  EXPECT_EQ(log_->log_start_offset(), end);
  ExpectAll({.value_bytes = 500});
}

TEST_F(LogRetentionTest, NothingAboveTheHighWatermarkGoes) {
  options_.retention_bytes = 0;
  FillSegments(4);
  const auto start = log_->ApplyRetention(std::nullopt, 0);
  ASSERT_TRUE(start.ok());
  EXPECT_EQ(*start, 0);
}

TEST_F(LogRetentionTest, AReaderKeepsWhatItsViewShows) {
  options_.segment_cache = std::make_shared<SegmentCache>(1);
  FillSegments(6);
  const auto view = log_->view();
  const Offset end = log_->end_offset();
  options_.retention_bytes = 0;
  ASSERT_TRUE(log_->Reconfigure(options_).ok());
  Retain(std::nullopt);
  EXPECT_GT(log_->log_start_offset(), 0);
  clock_.Advance(std::chrono::minutes(2));
  for (const std::string& path : log_->TakeDeletable(clock_.Now())) {
    ASSERT_TRUE(fs_.Remove(path).ok());
  }
  const auto records = ReadAll(*view, 0, end);
  ASSERT_TRUE(records.ok()) << records.error().ToString();
  EXPECT_EQ(*records, Expected(0, end, {.value_bytes = 500}));
}

TEST_F(LogRetentionTest, FilesAreUnlinkedAfterTheDelayAndAtTheNextStart) {
  FillSegments(4);
  options_.retention_bytes = 0;
  ASSERT_TRUE(log_->Reconfigure(options_).ok());
  Retain(std::nullopt);
  const std::size_t gone = Names(".deleted").size();
  EXPECT_GE(gone, 3 * 4u);
  EXPECT_TRUE(log_->TakeDeletable(clock_.Now()).empty());
  clock_.Advance(std::chrono::minutes(1));
  EXPECT_EQ(log_->TakeDeletable(clock_.Now()).size(), gone);
  EXPECT_TRUE(log_->TakeDeletable(clock_.Now()).empty());
  Open(false);
  EXPECT_EQ(log_->TakeDeletable(clock_.Now()).size(), gone);
}

TEST_F(LogRetentionTest, AFullDiskIsRelievedByRetention) {
  FillSegments(5);
  options_.retention_bytes = 20 << 10;
  fs_.SetFreeBytes(0);
  Status appended = OkStatus();
  for (int i = 0; i < 100 && appended.ok(); ++i) {
    appended = AppendSynced(*log_, {{.value_bytes = 500}});
  }
  ASSERT_EQ(appended.error().code(), ErrorCode::kNoSpace);
  ASSERT_TRUE(log_->Reconfigure(options_).ok());
  Retain(std::nullopt);
  EXPECT_GT(log_->log_start_offset(), 0);
  clock_.Advance(std::chrono::minutes(2));
  for (const std::string& path : log_->TakeDeletable(clock_.Now())) {
    ASSERT_TRUE(fs_.Remove(path).ok());
  }
  Fill(20, {.value_bytes = 500});
  ExpectAll({.value_bytes = 500});
}

TEST_F(LogRetentionTest, TrimRaisesTheStartInsideABatchDurably) {
  CreateAndOpen();
  Fill(10, {.records = 10});
  const auto trimmed = log_->Trim(37, 100);
  ASSERT_TRUE(trimmed.ok());
  EXPECT_EQ(*trimmed, 37);
  EXPECT_EQ(log_->view()->log_start_offset(), 37);
  EXPECT_EQ(log_->view()->Read(36, 100, 1).error().code(), ErrorCode::kOffsetOutOfRange);
  EXPECT_TRUE(log_->view()->Read(37, 100, 1).ok());
  EXPECT_EQ(log_->Trim(20, 100).value(), 37) << "it never falls";
  EXPECT_EQ(log_->Trim(101, 100).error().code(), ErrorCode::kOffsetOutOfRange);
  EXPECT_EQ(log_->Trim(-1, 100).error().code(), ErrorCode::kOffsetOutOfRange);
  fs_.Crash();
  Open(false);
  EXPECT_EQ(log_->log_start_offset(), 37);
  ExpectAll();
  EXPECT_EQ(log_->view()->FindTimestamp(0, 100).value()->offset, 37);
}

TEST_F(LogRetentionTest, TrimToTheEndLeavesAnEmptyLogThatRemembersItsProducers) {
  CreateAndOpen();
  ASSERT_TRUE(
      AppendSynced(*log_, {{.producer_id = 5, .producer_epoch = 0, .base_sequence = 0}}).ok());
  ASSERT_TRUE(log_->Trim(1, 1).ok());
  Open(false);
  EXPECT_EQ(log_->log_start_offset(), 1);
  EXPECT_EQ(log_->end_offset(), 1);
  BatchHeader again;
  again.producer_id = 5;
  again.producer_epoch = 0;
  again.base_sequence = 0;
  EXPECT_TRUE(log_->producers().Check(again)->duplicate);
}

TEST_F(LogRetentionTest, TrimRemovesWholeSegmentsBelow) {
  FillSegments(5);
  const Offset end = log_->end_offset();
  ASSERT_TRUE(log_->Trim(end, end).ok());
  EXPECT_EQ(log_->view()->segments_count(), 1u);
  Fill(1, {.value_bytes = 500});
  ExpectAll({.value_bytes = 500});
}

TEST_F(LogRetentionTest, AnInterruptedRemovalIsFinishedAtTheNextStart) {
  FillSegments(5);
  options_.retention_bytes = 0;
  ASSERT_TRUE(log_->Reconfigure(options_).ok());
  // No rename goes through: the checkpoint says what is left over.
  faults_.SetRule([](FileCall call, const std::string&) -> std::optional<Error> {
    if (call != FileCall::kRename) return std::nullopt;
    return Error(ErrorCode::kIo, "stopped");
  });
  Retain(std::nullopt);
  const Offset start = log_->log_start_offset();
  EXPECT_GT(start, 0);
  EXPECT_EQ(Names(".log").size(), 5u);
  faults_.SetRule({});
  Open(false);
  EXPECT_EQ(log_->log_start_offset(), start);
  EXPECT_EQ(Names(".log").size(), 1u);
  ExpectAll({.value_bytes = 500});
}

}  // namespace
}  // namespace qalam::log_test
