#include "common/record/batch_header.h"

#include <gtest/gtest.h>

#include <limits>

#include "tests/common/record/record_test_util.h"

namespace qalam {
namespace {

constexpr std::int32_t kLast = std::numeric_limits<std::int32_t>::max();

TEST(BatchHeaderTest, EveryFieldKeepsItsOwnPlace) {
  BatchHeader header;
  header.base_offset = 0x0102030405060708;
  header.batch_length = 0x090a0b0c;
  header.leader_epoch = 0x0d0e0f10;
  header.magic = 0x11;
  header.crc = 0xf2131415;
  header.attributes = 0x1617;
  header.last_offset_delta = 0x18191a1b;
  header.base_timestamp = 0x1c1d1e1f20212223;
  header.max_timestamp = 0x2425262728292a2b;
  header.producer_id = 0x2c2d2e2f30313233;
  header.producer_epoch = 0x3435;
  header.base_sequence = 0x36373839;
  header.records_count = 0x3a3b3c3d;
  BatchHeaderBytes bytes;
  header.Encode(bytes);
  EXPECT_EQ(record_testing::ToHex(bytes),
            "0102030405060708090a0b0c0d0e0f1011f2131415161718191a1b1c1d1e1f20"
            "2122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d");
  EXPECT_EQ(BatchHeader::Decode(bytes), header);
}

TEST(BatchHeaderTest, NegativeValuesSurvive) {
  BatchHeader header;
  header.base_offset = std::numeric_limits<Offset>::min();
  header.batch_length = -1;
  header.leader_epoch = -2;
  header.magic = -3;
  header.attributes = std::numeric_limits<std::int16_t>::min();
  header.records_count = std::numeric_limits<std::int32_t>::min();
  BatchHeaderBytes bytes;
  header.Encode(bytes);
  EXPECT_EQ(BatchHeader::Decode(bytes), header);
}

TEST(BatchHeaderTest, ALyingLengthDoesNotOverflowTheSize) {
  BatchHeader header;
  header.batch_length = kLast;
  EXPECT_EQ(header.size_bytes(), std::int64_t{kLast} + 12);
  header.batch_length = std::numeric_limits<std::int32_t>::min();
  EXPECT_LT(header.size_bytes(), 0);
}

TEST(BatchHeaderTest, LyingOffsetsAreDefinedAndNotSound) {
  constexpr Offset kMost = std::numeric_limits<Offset>::max();
  const auto sound = [](Offset base, std::int32_t delta) {
    BatchHeader header;
    header.base_offset = base;
    header.last_offset_delta = delta;
    (void)header.next_offset();  // Under UBSan: no overflow.
    return header.offsets_are_sound();
  };
  EXPECT_TRUE(sound(0, 0));
  EXPECT_TRUE(sound(kMost - 1, 0));
  EXPECT_TRUE(sound(kMost - 10, 9));
  EXPECT_FALSE(sound(kMost - 10, 10));
  EXPECT_FALSE(sound(kMost, 0));
  EXPECT_FALSE(sound(-1, 0));
  EXPECT_FALSE(sound(5, -1));
  EXPECT_FALSE(sound(kMost, std::numeric_limits<std::int32_t>::max()));
  EXPECT_FALSE(sound(std::numeric_limits<Offset>::min(), -1));
}

TEST(BatchHeaderTest, SequencesWrapToZeroAfterTheLast) {
  EXPECT_EQ(BatchHeader::AddSequence(0, 0), 0);
  EXPECT_EQ(BatchHeader::AddSequence(7, 2), 9);
  EXPECT_EQ(BatchHeader::AddSequence(kLast, 0), kLast);
  EXPECT_EQ(BatchHeader::AddSequence(kLast, 1), 0);
  EXPECT_EQ(BatchHeader::AddSequence(kLast - 1, 3), 1);
  EXPECT_EQ(BatchHeader::AddSequence(kLast, kLast), kLast - 1);
}

TEST(BatchHeaderTest, AddingToNoSequenceIsPlainAddition) {
  EXPECT_EQ(BatchHeader::AddSequence(-1, 0), -1);
}

TEST(BatchHeaderTest, StampingChangesOffsetAndEpochOnly) {
  Bytes batch = record_testing::Golden("v3_three_records");
  const Bytes before = batch;
  StampBatch(record_testing::HeaderOf(batch), -2, 0x7fffffff);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (i < 8 || (i >= 12 && i < 16)) continue;
    EXPECT_EQ(batch[i], before[i]) << "byte " << i;
  }
  EXPECT_EQ(BatchHeader::Decode(batch).base_offset, -2);
  EXPECT_EQ(BatchHeader::Decode(batch).leader_epoch, 0x7fffffff);
}

}  // namespace
}  // namespace qalam
