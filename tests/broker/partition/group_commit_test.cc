#include "broker/partition/group_commit.h"

#include <gtest/gtest.h>

#include "common/record/batch_builder.h"

namespace qalam {
namespace {

class GroupCommitTest : public testing::Test {
 protected:
  AppendCommand Batch(std::int32_t records = 1, ProducerId producer = kNoProducerId,
                      std::int32_t sequence = 0, std::int16_t epoch = 0) {
    BatchBuilder builder;
    for (std::int32_t i = 0; i < records; ++i) builder.Add(1, std::nullopt, AsBytes("value"));
    BatchBuilder::Trailer trailer;
    if (producer >= 0) {
      trailer.producer_id = producer;
      trailer.producer_epoch = epoch;
      trailer.base_sequence = sequence;
    }
    AppendCommand command;
    command.batch = SharedSlice::Own(builder.Finish(trailer));
    command.header = BatchHeader::Decode(command.batch.view());
    return command;
  }
  AppendGroup Form() {
    GroupRules rules{partition_, producers_, fence_};
    rules.end_offset = end_offset_;
    rules.leader_epoch = 3;
    rules.bytes_max = bytes_max_;
    rules.now = now_;
    return FormGroup(queued_, rules);
  }
  // As the log does after the write.
  void Written(const AppendGroup& group) {
    for (const StampedBatch& batch : group.Batches()) {
      producers_.OnAppended(batch.header);
      end_offset_ = batch.header.next_offset();
    }
  }

  const TopicPartition partition_{"events", 0};
  ProducerState producers_;
  StreamFence fence_;
  std::deque<AppendCommand> queued_;
  Offset end_offset_ = 100;
  std::size_t bytes_max_ = 1 << 20;
  MonotonicTime now_ = std::chrono::seconds(10);
};

TEST_F(GroupCommitTest, GivesDenseOffsetsInTheOrderOfTheQueue) {
  queued_.push_back(Batch(3));
  queued_.push_back(Batch(1));
  queued_.push_back(Batch(2));
  const AppendGroup group = Form();
  ASSERT_EQ(group.entries.size(), 3u);
  EXPECT_EQ(group.entries[0].result.base_offset, 100);
  EXPECT_EQ(group.entries[0].result.last_offset, 102);
  EXPECT_EQ(group.entries[1].result.base_offset, 103);
  EXPECT_EQ(group.entries[2].result.base_offset, 104);
  EXPECT_EQ(group.entries[2].needed, 106);
  EXPECT_EQ(group.Batches()[2].header.base_offset, 104);
  EXPECT_EQ(group.Batches()[2].header.leader_epoch, 3);
  EXPECT_TRUE(queued_.empty());
}

TEST_F(GroupCommitTest, StopsBeforeTheGroupGetsTooLargeButTakesALargeFirstBatch) {
  bytes_max_ = 1;
  queued_.push_back(Batch(100));
  queued_.push_back(Batch(1));
  EXPECT_EQ(Form().entries.size(), 1u);
  EXPECT_EQ(queued_.size(), 1u);
  EXPECT_EQ(Form().entries.size(), 1u);

  const std::size_t one = Batch(1).batch.size();
  bytes_max_ = 2 * one;
  for (int i = 0; i < 5; ++i) queued_.push_back(Batch(1));
  const AppendGroup full = Form();
  EXPECT_EQ(full.entries.size(), 2u);
  EXPECT_EQ(full.closed, GroupClosed::kFull);
  EXPECT_EQ(Form().entries.size(), 2u);
  const AppendGroup rest = Form();
  EXPECT_EQ(rest.entries.size(), 1u);
  EXPECT_EQ(rest.closed, GroupClosed::kQueueEmpty);
}

TEST_F(GroupCommitTest, RefusesWhatExpectsAnotherEndAndNamesTheEnd) {
  queued_.push_back(Batch(5));
  queued_.push_back(Batch(1));
  queued_.back().expected_offset = 100;  // True before the first of this group, not after it.
  queued_.push_back(Batch(1));
  queued_.back().expected_offset = 105;
  const AppendGroup group = Form();
  ASSERT_EQ(group.refused.size(), 1u);
  EXPECT_EQ(group.refused[0].error.code(), ErrorCode::kUnexpectedOffset);
  EXPECT_EQ(group.refused[0].error.detail("log_end_offset"), "105");
  ASSERT_EQ(group.entries.size(), 2u);
  EXPECT_EQ(group.entries[1].result.base_offset, 105);
}

TEST_F(GroupCommitTest, ARefusalFailsTheStreamUntilItsNextGeneration) {
  const auto stream = std::make_shared<StreamState>();
  const auto add = [&](std::uint64_t generation) -> AppendCommand& {
    queued_.push_back(Batch(1));
    queued_.back().stream = stream;
    queued_.back().generation = generation;
    return queued_.back();
  };
  add(1).refused = Error(ErrorCode::kCorruptBatch, "found on the way");
  add(1);
  add(2);
  queued_.push_back(Batch(1));  // Of nobody's stream.
  AppendGroup group = Form();
  ASSERT_EQ(group.refused.size(), 2u);
  EXPECT_EQ(group.refused[0].error.code(), ErrorCode::kCorruptBatch);
  EXPECT_EQ(group.refused[1].error.code(), ErrorCode::kPrecedingFailed);
  EXPECT_EQ(group.entries.size(), 2u);
  // One of an older generation that comes late is still refused.
  add(1);
  group = Form();
  ASSERT_EQ(group.refused.size(), 1u);
  EXPECT_EQ(group.refused[0].error.code(), ErrorCode::kPrecedingFailed);
}

TEST_F(GroupCommitTest, ADeadlineThatPassedInTheQueueIsNeverWritten) {
  queued_.push_back(Batch(1));
  queued_.back().deadline = now_;
  queued_.push_back(Batch(1));
  queued_.back().deadline = now_ + std::chrono::nanoseconds(1);
  const AppendGroup group = Form();
  ASSERT_EQ(group.refused.size(), 1u);
  EXPECT_EQ(group.refused[0].error.code(), ErrorCode::kTimedOut);
  ASSERT_EQ(group.entries.size(), 1u);
  EXPECT_EQ(group.entries[0].result.base_offset, 100);
}

TEST_F(GroupCommitTest, BatchesOfOneProducerFollowEachOtherInOneGroup) {
  queued_.push_back(Batch(2, 9, 0));
  queued_.push_back(Batch(3, 9, 2));
  queued_.push_back(Batch(1, 9, 5));
  const AppendGroup group = Form();
  EXPECT_EQ(group.entries.size(), 3u);
  EXPECT_TRUE(group.refused.empty());
}

TEST_F(GroupCommitTest, ARetryOfWhatIsInTheGroupWaitsForTheNextOneAndIsADuplicateThere) {
  queued_.push_back(Batch(2, 9, 0));
  queued_.push_back(Batch(2, 9, 0));
  queued_.push_back(Batch(1, 9, 2));
  AppendGroup group = Form();
  ASSERT_EQ(group.entries.size(), 1u);
  EXPECT_EQ(group.closed, GroupClosed::kSequence);
  Written(group);
  group = Form();
  ASSERT_EQ(group.entries.size(), 2u);
  EXPECT_TRUE(group.entries[0].result.duplicate);
  EXPECT_FALSE(group.entries[0].stamped.has_value());
  EXPECT_EQ(group.entries[0].result.base_offset, 100);
  EXPECT_EQ(group.entries[0].needed, 102);
  EXPECT_EQ(group.entries[1].result.base_offset, 102);
  EXPECT_EQ(group.Batches().size(), 1u);
}

TEST_F(GroupCommitTest, AGapInTheSequenceIsRefusedAndConsumesNone) {
  queued_.push_back(Batch(2, 9, 0));
  Written(Form());
  queued_.push_back(Batch(1, 9, 3));
  AppendGroup group = Form();
  ASSERT_EQ(group.refused.size(), 1u);
  EXPECT_EQ(group.refused[0].error.code(), ErrorCode::kOutOfOrderSequence);
  queued_.push_back(Batch(1, 9, 2));
  group = Form();
  EXPECT_EQ(group.entries.size(), 1u);
  EXPECT_EQ(group.entries[0].result.base_offset, 102);
}

TEST_F(GroupCommitTest, DedupeComesBeforeTheExpectedOffset) {
  queued_.push_back(Batch(2, 9, 0));
  queued_.back().expected_offset = 100;
  Written(Form());
  // The same again: its condition was true when it was written.
  queued_.push_back(Batch(2, 9, 0));
  queued_.back().expected_offset = 100;
  const AppendGroup group = Form();
  ASSERT_EQ(group.entries.size(), 1u);
  EXPECT_TRUE(group.entries[0].result.duplicate);
}

TEST_F(GroupCommitTest, ARefusedConditionConsumesNoSequence) {
  queued_.push_back(Batch(2, 9, 0));
  queued_.back().expected_offset = 99;
  EXPECT_EQ(Form().refused.size(), 1u);
  queued_.push_back(Batch(2, 9, 0));
  EXPECT_EQ(Form().entries.size(), 1u);
}

TEST_F(GroupCommitTest, AnOldEpochIsFencedAndANewOneBeginsAtZero) {
  queued_.push_back(Batch(1, 9, 0, 2));
  Written(Form());
  queued_.push_back(Batch(1, 9, 1, 1));
  queued_.push_back(Batch(1, 9, 4, 3));
  queued_.push_back(Batch(1, 9, 0, 3));
  const AppendGroup group = Form();
  ASSERT_EQ(group.refused.size(), 2u);
  EXPECT_EQ(group.refused[0].error.code(), ErrorCode::kProducerFenced);
  EXPECT_EQ(group.refused[1].error.code(), ErrorCode::kOutOfOrderSequence);
  EXPECT_EQ(group.entries.size(), 1u);
}

TEST_F(GroupCommitTest, WhatAnOlderStreamStillDeliversIsRefused) {
  const auto on_stream = [](AppendCommand command, std::uint64_t number) {
    command.origin = std::make_shared<const Origin>(Origin{"", "", "", number});
    return command;
  };
  queued_.push_back(on_stream(Batch(1, 7, 0), 1));
  queued_.push_back(on_stream(Batch(1, 7, 5), 2));  // A gap: refused, but heard.
  queued_.push_back(on_stream(Batch(1, 7, 1), 1));
  queued_.push_back(on_stream(Batch(1, 8, 0), 1));  // Another producer.
  AppendGroup group = Form();
  Written(group);
  std::vector<ErrorCode> refused;
  while (true) {
    for (const RefusedBatch& each : group.refused) refused.push_back(each.error.code());
    if (queued_.empty()) break;
    group = Form();
    Written(group);
  }
  EXPECT_EQ(refused, (std::vector{ErrorCode::kOutOfOrderSequence, ErrorCode::kProducerFenced}));
  EXPECT_EQ(end_offset_, 102);
}

TEST(StreamFenceTest, OldStreamsStayOutAndProducersWithoutNumbersPass) {
  StreamFence fence;
  EXPECT_TRUE(fence.Admit(1, 2));
  EXPECT_FALSE(fence.Admit(1, 1));
  EXPECT_TRUE(fence.Admit(1, 2));
  EXPECT_TRUE(fence.Admit(1, 0));
  EXPECT_TRUE(fence.Admit(2, 1));
}

TEST(StreamFenceTest, WhoIsHeardIsRememberedHoweverManyOthersCome) {
  StreamFence fence;
  EXPECT_TRUE(fence.Admit(1, 9));
  for (ProducerId other = 2; other < 20'000; ++other) {
    EXPECT_TRUE(fence.Admit(other, 1));
    if (other % 3'000 == 0) {
      EXPECT_FALSE(fence.Admit(1, 8)) << other;
    }
  }
}

}  // namespace
}  // namespace qalam
