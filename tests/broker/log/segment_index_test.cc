#include "broker/log/segment_index.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "broker/log/append_array.h"

namespace qalam {
namespace {

// A batch of `bytes` with `records` records; its timestamps end at `max_timestamp`.
BatchHeader Header(Offset base, int records, int bytes, TimestampMs max_timestamp) {
  BatchHeader header;
  header.base_offset = base;
  header.last_offset_delta = records - 1;
  header.batch_length = bytes - 12;
  header.max_timestamp = max_timestamp;
  return header;
}

// Ten batches of 300 bytes and 2 records each, from offset 1000 on; an entry every 500 bytes.
class SegmentIndexTest : public ::testing::Test {
 protected:
  SegmentIndexTest() : index_(1000, 500) {
    for (int i = 0; i < 10; ++i) {
      index_.Add(Header(1000 + i * 2, 2, 300, 5000 + i), static_cast<std::uint64_t>(i) * 300);
    }
  }
  SegmentIndex index_;
};

TEST_F(SegmentIndexTest, TheFirstBatchHasNoEntryAndTheOthersComeByBytes) {
  // Kafka's rule: more than the interval since the last entry, the batch itself not counted.
  EXPECT_EQ(index_.offset_entries(), 4u);  // Batches 2, 4, 6, 8.
  EXPECT_EQ(index_.FloorPosition(1000), 0u);
  EXPECT_EQ(index_.FloorPosition(1004), 0u) << "an entry names its batch's last offset";
  EXPECT_EQ(index_.FloorPosition(1005), 600u);
  EXPECT_EQ(index_.FloorOf(1005).last_offset, 1005);
  EXPECT_EQ(index_.FloorPosition(1008), 600u);
  EXPECT_EQ(index_.FloorPosition(1009), 1200u);
  EXPECT_EQ(index_.FloorPosition(5000), 2400u);
  EXPECT_EQ(index_.FloorOfPosition(599), 0u);
  EXPECT_EQ(index_.FloorOfPosition(600), 600u);
}

TEST_F(SegmentIndexTest, EncodesKafkasEntries) {
  const Bytes offsets = index_.EncodeOffsets();
  ASSERT_EQ(offsets.size(), 4 * SegmentIndex::kOffsetEntryBytes);
  const std::array<unsigned char, 8> first = {0, 0, 0, 5, 0, 0, 2, 88};  // 1005, byte 600.
  EXPECT_TRUE(std::equal(first.begin(), first.end(), offsets.begin(),
                         [](unsigned char a, auto b) { return static_cast<std::byte>(a) == b; }));
  const Bytes times = index_.EncodeTimes();
  ASSERT_EQ(times.size(), 4 * SegmentIndex::kTimeEntryBytes);
  const std::array<unsigned char, 12> time = {0, 0, 0, 0, 0, 0, 0x13, 0x8a, 0, 0, 0, 5};  // 5002.
  EXPECT_TRUE(std::equal(time.begin(), time.end(), times.begin(),
                         [](unsigned char a, auto b) { return static_cast<std::byte>(a) == b; }));
  EXPECT_EQ(index_.EncodeOffsets(3).size(), SegmentIndex::kOffsetEntryBytes);
  EXPECT_TRUE(index_.EncodeOffsets(4).empty());
}

TEST_F(SegmentIndexTest, DigestsAreThoseOfTheFiles) {
  index_.Finish();
  EXPECT_TRUE(index_.offsets_digest().Matches(index_.EncodeOffsets()));
  EXPECT_EQ(index_.offsets_digest().size_bytes, index_.EncodeOffsets().size());
  EXPECT_TRUE(index_.times_digest().Matches(index_.EncodeTimes()));
  EXPECT_EQ(index_.times_digest().size_bytes, index_.EncodeTimes().size());
}

TEST_F(SegmentIndexTest, FinishAddsTheLargestTimestampOnce) {
  const std::size_t before = index_.time_entries();
  index_.Finish();
  EXPECT_EQ(index_.time_entries(), before + 1);
  index_.Finish();
  EXPECT_EQ(index_.time_entries(), before + 1);
  EXPECT_EQ(index_.largest_timestamp(), 5009);
}

TEST_F(SegmentIndexTest, EveryTimestampIsFoundAtItsFloorOrBehind) {
  index_.Finish();
  for (int i = 0; i < 10; ++i) {
    EXPECT_LE(index_.FloorOfTimestamp(5000 + i), 1000 + i * 2 + 1);
  }
  EXPECT_EQ(index_.FloorOfTimestamp(0), 1000);
  EXPECT_EQ(index_.FloorOfTimestamp(9999), 1019);
}

TEST(SegmentTimeIndexTest, KeepsOnlyGrowingTimestamps) {
  SegmentIndex index(0, 0);
  const std::array<TimestampMs, 6> timestamps = {50, 40, 60, 60, 10, 70};
  for (std::size_t i = 0; i < timestamps.size(); ++i) {
    index.Add(Header(static_cast<Offset>(i), 1, 100, timestamps[i]), i * 100);
  }
  EXPECT_EQ(index.offset_entries(), 5u);
  EXPECT_EQ(index.time_entries(), 3u);  // 50, 60, 70.
  EXPECT_EQ(index.FloorOfTimestamp(51), 0) << "the entry of 50 is the batch that has it";
  EXPECT_EQ(index.FloorOfTimestamp(61), 2);
}

TEST(SegmentTimeIndexTest, BatchesWithoutTimestampMakeNoEntries) {
  SegmentIndex index(0, 0);
  for (int i = 0; i < 4; ++i) {
    index.Add(Header(i, 1, 100, kNoTimestamp), static_cast<std::uint64_t>(i) * 100);
  }
  index.Finish();
  EXPECT_EQ(index.time_entries(), 0u);
  EXPECT_EQ(index.largest_timestamp(), kNoTimestamp);
}

TEST_F(SegmentIndexTest, LoadedAndContinuedItEqualsTheOriginal) {
  index_.Finish();
  SegmentIndex loaded(1000, 500);
  const auto from = loaded.Load(index_.EncodeOffsets(), index_.EncodeTimes());
  ASSERT_TRUE(from.has_value());
  EXPECT_EQ(from->position, 2400u);
  for (int i = 8; i < 10; ++i) {
    loaded.Add(Header(1000 + i * 2, 2, 300, 5000 + i), static_cast<std::uint64_t>(i) * 300);
  }
  loaded.Finish();
  EXPECT_EQ(loaded.EncodeOffsets(), index_.EncodeOffsets());
  EXPECT_EQ(loaded.EncodeTimes(), index_.EncodeTimes());
  EXPECT_EQ(loaded.largest_timestamp(), index_.largest_timestamp());
  EXPECT_EQ(loaded.offsets_digest(), index_.offsets_digest());
}

TEST_F(SegmentIndexTest, EntriesThatDoNotGrowAreNoIndex) {
  index_.Finish();
  const Bytes offsets = index_.EncodeOffsets();
  const Bytes times = index_.EncodeTimes();
  const auto loads = [](const Bytes& o, const Bytes& t) {
    return SegmentIndex(1000, 500).Load(o, t).has_value();
  };
  EXPECT_TRUE(loads(offsets, times));
  for (const std::size_t field : {0u, 4u}) {  // Offset, position.
    for (const std::byte wrong : {std::byte{0x80}, std::byte{0xff}}) {
      Bytes negative = offsets;
      negative[SegmentIndex::kOffsetEntryBytes + field] = wrong;
      EXPECT_FALSE(loads(negative, times));
    }
    Bytes same = offsets;
    std::copy_n(
        same.begin() + static_cast<std::ptrdiff_t>(field), 4,
        same.begin() + static_cast<std::ptrdiff_t>(SegmentIndex::kOffsetEntryBytes + field));
    EXPECT_FALSE(loads(same, times));
  }
  Bytes same = times;
  std::copy_n(same.begin(), 8, same.begin() + SegmentIndex::kTimeEntryBytes);
  EXPECT_FALSE(loads(offsets, same));
}

TEST_F(SegmentIndexTest, IsFullBeforeAFileWouldBeTooLong) {
  EXPECT_FALSE(index_.Full(6 * 12));
  EXPECT_TRUE(index_.Full(5 * 12)) << "one slot of the time index is kept for the last entry";
}

TEST(AppendArrayTest, ReadersSeeWhatWasThereWhileItGrows) {
  AppendArray<std::size_t> array;
  std::atomic<bool> stop{false};
  std::thread reader([&] {
    while (!stop.load()) {
      const std::size_t size = array.size();
      if (size > 0) {
        ASSERT_EQ(array[size - 1], size - 1);
        ASSERT_EQ(array[size / 2], size / 2);
      }
    }
  });
  for (std::size_t i = 0; i < 200'000; ++i) array.Append(i);
  stop = true;
  reader.join();
  EXPECT_EQ(array.size(), 200'000u);
}

}  // namespace
}  // namespace qalam
