#include "broker/log/producer_state.h"

#include <gtest/gtest.h>

namespace qalam {
namespace {

constexpr std::int32_t kLastSequence = 0x7fffffff;

BatchHeader Batch(std::int32_t sequence, int records = 1, std::int16_t epoch = 0,
                  ProducerId id = 7) {
  BatchHeader header;
  header.producer_id = id;
  header.producer_epoch = epoch;
  header.base_sequence = sequence;
  header.last_offset_delta = records - 1;
  header.records_count = records;
  return header;
}

class ProducerStateTest : public ::testing::Test {
 protected:
  // Appends if it is new. What was decided.
  ProducerVerdict Take(BatchHeader batch) {
    const auto verdict = state_.Check(batch);
    EXPECT_TRUE(verdict.ok()) << verdict.error().ToString();
    if (verdict->duplicate) return *verdict;
    batch.base_offset = end_;
    end_ = batch.next_offset();
    state_.OnAppended(batch);
    return *verdict;
  }
  ErrorCode Refused(const BatchHeader& batch) {
    const auto verdict = state_.Check(batch);
    EXPECT_FALSE(verdict.ok());
    return verdict.ok() ? ErrorCode::kUnknown : verdict.error().code();
  }
  ProducerState state_;
  Offset end_ = 0;
};

TEST_F(ProducerStateTest, ARetryOfAnyRememberedBatchGetsItsOwnOffsets) {
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(Take(Batch(i * 3, 3)).duplicate);
  for (int i = 0; i < 10; ++i) {
    const ProducerVerdict verdict = Take(Batch(i * 3, 3));
    EXPECT_TRUE(verdict.duplicate);
    EXPECT_EQ(verdict.base_offset, i * 3);
    EXPECT_EQ(verdict.last_offset, i * 3 + 2);
  }
  EXPECT_EQ(end_, 30);
}

TEST_F(ProducerStateTest, OlderThanWhatIsKeptIsADuplicateWithoutPlace) {
  const auto kept = static_cast<int>(ProducerState::kBatchesKept);
  for (int i = 0; i <= kept; ++i) Take(Batch(i));
  EXPECT_TRUE(Take(Batch(0)).duplicate);
  EXPECT_EQ(Take(Batch(0)).base_offset, kNoOffset);
  EXPECT_EQ(Take(Batch(1)).base_offset, 1);
}

TEST_F(ProducerStateTest, DuplicatesInOtherPiecesAreDuplicatesToo) {
  Take(Batch(0, 4));
  Take(Batch(4, 4));
  EXPECT_TRUE(Take(Batch(2, 3)).duplicate);
  EXPECT_EQ(Take(Batch(2, 3)).base_offset, kNoOffset);
}

TEST_F(ProducerStateTest, GapsAndPartialOverlapsAreRefusedAndConsumeNothing) {
  Take(Batch(0, 5));
  EXPECT_EQ(Refused(Batch(6)), ErrorCode::kOutOfOrderSequence);
  EXPECT_EQ(Refused(Batch(3, 5)), ErrorCode::kOutOfOrderSequence);
  EXPECT_EQ(state_.Check(Batch(6)).error().detail("expected_sequence"), "5");
  EXPECT_FALSE(Take(Batch(5)).duplicate);
}

TEST_F(ProducerStateTest, AnUnknownProducerBeginsAtZero) {
  EXPECT_EQ(Refused(Batch(1)), ErrorCode::kUnknownProducer);
  EXPECT_FALSE(Take(Batch(0)).duplicate);
}

TEST_F(ProducerStateTest, AnOlderEpochIsFencedAndANewerOneBeginsAtZero) {
  Take(Batch(0, 1, 3));
  EXPECT_EQ(Refused(Batch(1, 1, 2)), ErrorCode::kProducerFenced);
  EXPECT_EQ(Refused(Batch(1, 1, 4)), ErrorCode::kOutOfOrderSequence);
  EXPECT_FALSE(Take(Batch(0, 1, 4)).duplicate);
  EXPECT_EQ(Refused(Batch(0, 1, 3)), ErrorCode::kProducerFenced);
}

TEST_F(ProducerStateTest, SequencesGoRoundBehindTheLast) {
  BatchHeader batch = Batch(kLastSequence - 1, 1);
  batch.base_offset = 0;
  state_.OnAppended(batch);  // As if two billion had gone before.
  end_ = 1;
  EXPECT_FALSE(Take(Batch(kLastSequence, 3)).duplicate);  // Takes 2^31-1, 0, 1.
  EXPECT_FALSE(Take(Batch(2, 1)).duplicate);
  EXPECT_EQ(Take(Batch(kLastSequence, 3)).base_offset, 1);
  EXPECT_EQ(Refused(Batch(4)), ErrorCode::kOutOfOrderSequence);
}

TEST_F(ProducerStateTest, BatchesWithoutProducerLeaveNoTrace) {
  Take(Batch(-1, 5, -1, kNoProducerId));
  EXPECT_EQ(state_.size(), 0u);
}

TEST_F(ProducerStateTest, IdleProducersAreForgottenByPassesNotByTime) {
  Take(Batch(0, 1, 0, 1));
  Take(Batch(0, 1, 0, 2));
  for (int pass = 0; pass < 3; ++pass) {
    state_.SweepIdle(3);
    Take(Batch(1 + pass, 1, 0, 2));
  }
  EXPECT_EQ(state_.size(), 2u);
  state_.SweepIdle(3);
  EXPECT_EQ(state_.size(), 1u);
  EXPECT_EQ(Refused(Batch(1, 1, 0, 1)), ErrorCode::kUnknownProducer);
}

TEST_F(ProducerStateTest, TheSnapshotKeepsTheLastBatchOfEach) {
  for (int i = 0; i < 5; ++i) Take(Batch(i * 2, 2, 1, 9));
  Take(Batch(0, 3, 0, 8));
  const Bytes bytes = state_.EncodeSnapshot();
  EXPECT_EQ(bytes.size(), 10 + 2 * 46u);
  const auto decoded = ProducerState::DecodeSnapshot(bytes);
  ASSERT_TRUE(decoded.ok());
  state_ = *decoded;
  EXPECT_EQ(Take(Batch(8, 2, 1, 9)).base_offset, 8);
  EXPECT_EQ(Take(Batch(6, 2, 1, 9)).base_offset, kNoOffset) << "known, but not where";
  EXPECT_FALSE(Take(Batch(10, 1, 1, 9)).duplicate);
  EXPECT_EQ(Refused(Batch(0, 1, 0, 9)), ErrorCode::kProducerFenced);
}

TEST_F(ProducerStateTest, EveryFlippedBitOfASnapshotIsNoticed) {
  Take(Batch(0));
  const Bytes good = state_.EncodeSnapshot();
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    Bytes bad = good;
    bad[bit / 8] ^= static_cast<std::byte>(1 << (bit % 8));
    EXPECT_FALSE(ProducerState::DecodeSnapshot(bad).ok()) << bit;
  }
  EXPECT_FALSE(ProducerState::DecodeSnapshot(BytesView(good).first(9)).ok());
}

TEST_F(ProducerStateTest, HistoryIsAdoptedOnlyWhereTheLastBatchAgrees) {
  for (int i = 0; i < 4; ++i) Take(Batch(i));
  ProducerState shorter = ProducerState::DecodeSnapshot(state_.EncodeSnapshot()).value();
  ProducerState other = state_;
  shorter.AdoptHistory(state_);
  EXPECT_EQ(shorter.Check(Batch(1))->base_offset, 1);
  BatchHeader next = Batch(4);
  next.base_offset = 4;
  other.OnAppended(next);
  shorter = ProducerState::DecodeSnapshot(state_.EncodeSnapshot()).value();
  shorter.AdoptHistory(other);
  EXPECT_EQ(shorter.Check(Batch(1))->base_offset, kNoOffset);
}

}  // namespace
}  // namespace qalam
