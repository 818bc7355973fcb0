// The small files of a partition's directory: checkpoint, epochs, sidecar, metadata, names.
#include <gtest/gtest.h>

#include <limits>

#include "broker/log/durable_checkpoint.h"
#include "broker/log/epoch_cache.h"
#include "broker/log/file_names.h"
#include "broker/log/partition_metadata.h"
#include "broker/log/segment_crc.h"
#include "common/crc32c.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/memory_file_system.h"

namespace qalam {
namespace {

class CheckpointsTest : public ::testing::Test {
 protected:
  CheckpointsTest() { EXPECT_TRUE(fs_.CreateDirectory("/p").ok()); }
  static DurablePoint Point(Offset offset) {
    DurablePoint point;
    point.durable_offset = offset;
    point.segment_base = offset / 2;
    point.position = static_cast<std::uint64_t>(offset) * 10;
    point.log_start_offset = 3;
    point.first_segment_base = 2;
    point.segments_count = 4;
    point.flush_mode = FlushMode::kInterval;
    point.group_bytes_max = 123456;
    return point;
  }
  std::unique_ptr<DurableCheckpoint> OpenCheckpoint() {
    auto checkpoint = DurableCheckpoint::Open(fs_, "/p");
    EXPECT_TRUE(checkpoint.ok());
    return std::move(checkpoint).value();
  }
  MemoryFileSystem fs_;
  const std::string path_ = "/p/durable-checkpoint";
};

TEST_F(CheckpointsTest, TheNewestPointIsReadBack) {
  auto checkpoint = OpenCheckpoint();
  EXPECT_FALSE(checkpoint->last().has_value());
  for (Offset offset = 10; offset < 15; ++offset) {
    ASSERT_TRUE(checkpoint->Write(Point(offset)).ok());
    const auto again = OpenCheckpoint();
    ASSERT_TRUE(again->last().has_value());
    EXPECT_EQ(*again->last(), Point(offset));
    EXPECT_FALSE(again->slot_damaged());
    EXPECT_EQ(DurableCheckpoint::Newest(fs_.Content(path_)), Point(offset));
  }
}

TEST_F(CheckpointsTest, ReadingMakesNoFile) {
  OpenCheckpoint();
  EXPECT_FALSE(fs_.Exists(path_).value());
}

TEST_F(CheckpointsTest, ATornSlotLeavesTheOther) {
  auto checkpoint = OpenCheckpoint();
  ASSERT_TRUE(checkpoint->Write(Point(10)).ok());
  ASSERT_TRUE(checkpoint->Write(Point(20)).ok());
  ASSERT_TRUE(fs_.SyncDirectory("/p").ok());
  for (std::uint64_t seed = 1; seed < 200; ++seed) {
    FaultFileSystem faults(fs_);
    auto next = std::move(DurableCheckpoint::Open(faults, "/p")).value();
    const DurablePoint before = *next->last();
    faults.StopAtChange(2);  // Written, not synced.
    EXPECT_FALSE(next->Write(Point(100 + static_cast<Offset>(seed))).ok());
    fs_.Crash(seed);
    const auto read = OpenCheckpoint();
    ASSERT_TRUE(read->last().has_value());
    EXPECT_TRUE(*read->last() == before || *read->last() == Point(100 + static_cast<Offset>(seed)));
  }
}

TEST_F(CheckpointsTest, EveryFlippedBitIsNoticed) {
  auto checkpoint = OpenCheckpoint();
  ASSERT_TRUE(checkpoint->Write(Point(10)).ok());
  ASSERT_TRUE(checkpoint->Write(Point(20)).ok());
  const Bytes good = fs_.Content(path_);
  for (std::size_t bit = 0; bit < 68 * 8; ++bit) {  // The newer slot is the first.
    Bytes bad = good;
    bad[bit / 8] ^= static_cast<std::byte>(1 << (bit % 8));
    fs_.SetContent(path_, bad);
    const auto read = DurableCheckpoint::Open(fs_, "/p");
    ASSERT_TRUE(read.ok());
    EXPECT_TRUE((*read)->slot_damaged());
    EXPECT_EQ(*(*read)->last(), Point(10));
  }
}

// The CRC is right, but no log was ever there.
TEST_F(CheckpointsTest, PointsThatCannotBeAreDamage) {
  const auto believed = [&](auto change) {
    EXPECT_TRUE(OpenCheckpoint()->Write(Point(10)).ok());
    DurablePoint point = Point(20);
    change(point);
    EXPECT_TRUE(OpenCheckpoint()->Write(point).ok());
    const auto read = OpenCheckpoint();
    EXPECT_EQ(read->slot_damaged(), *read->last() == Point(10));
    return *read->last() != Point(10);
  };
  constexpr Offset kMost = std::numeric_limits<Offset>::max();
  EXPECT_TRUE(believed([](DurablePoint&) {}));
  EXPECT_FALSE(believed([](DurablePoint& p) { p.durable_offset = -1; }));
  EXPECT_FALSE(believed([](DurablePoint& p) { p.durable_offset = kMost; }));
  EXPECT_FALSE(believed([](DurablePoint& p) { p.segment_base = 21; }));
  EXPECT_FALSE(believed([](DurablePoint& p) { p.segment_base = -5; }));
  EXPECT_FALSE(believed([](DurablePoint& p) { p.first_segment_base = 11; }));
  EXPECT_FALSE(believed([](DurablePoint& p) { p.first_segment_base = -1; }));
  EXPECT_FALSE(believed([](DurablePoint& p) { p.log_start_offset = -1; }));
  EXPECT_FALSE(believed([](DurablePoint& p) { p.position = std::uint64_t{1} << 63; }));
  EXPECT_FALSE(believed([](DurablePoint& p) { p.segments_count = 0; }));
  EXPECT_FALSE(believed([](DurablePoint& p) { p.flush_mode = static_cast<FlushMode>(3); }));
}

TEST_F(CheckpointsTest, ANewerVersionIsRefusedByName) {
  auto checkpoint = OpenCheckpoint();
  ASSERT_TRUE(checkpoint->Write(Point(10)).ok());
  Bytes content = fs_.Content(path_);
  content[4096 + 5] = std::byte{9};
  const std::uint32_t crc = Crc32c(BytesView(content).subspan(4096, 64));
  for (std::size_t i = 0; i < 4; ++i) {
    content[4096 + 64 + i] = static_cast<std::byte>(crc >> (24 - 8 * i));
  }
  fs_.SetContent(path_, content);
  const auto read = DurableCheckpoint::Open(fs_, "/p");
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code(), ErrorCode::kUnsupportedFormat);
}

TEST_F(CheckpointsTest, EpochsAreKafkasTextAndComeBack) {
  EpochCache epochs;
  EXPECT_TRUE(epochs.Assign(3, 0));
  EXPECT_TRUE(epochs.Assign(5, 100));
  EXPECT_FALSE(epochs.Assign(5, 200)) << "it began already";
  EXPECT_FALSE(epochs.Assign(4, 200)) << "epochs never fall";
  ASSERT_TRUE(epochs.Save(fs_, "/p").ok());
  EXPECT_EQ(AsText(fs_.Content("/p/leader-epoch-checkpoint")), "0\n2\n3 0\n5 100\n");
  const auto loaded = EpochCache::Load(fs_, "/p");
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(loaded->entries(), epochs.entries());
}

TEST_F(CheckpointsTest, EpochsKnowWhichHoldsAnOffset) {
  EpochCache epochs;
  epochs.Assign(3, 10);
  epochs.Assign(5, 100);
  EXPECT_EQ(epochs.EpochOf(9), kNoEpoch);
  EXPECT_EQ(epochs.EpochOf(10), 3);
  EXPECT_EQ(epochs.EpochOf(99), 3);
  EXPECT_EQ(epochs.EpochOf(100), 5);
  EXPECT_TRUE(epochs.Agrees(99, 3));
  EXPECT_FALSE(epochs.Agrees(99, 4));
  EXPECT_TRUE(epochs.Agrees(5, 2)) << "trimmed away, nobody knows";
  EXPECT_FALSE(epochs.Agrees(5, 4)) << "but not a later one";
  EXPECT_FALSE(EpochCache().Agrees(0, 1));
}

TEST_F(CheckpointsTest, EpochsAreCutAtBothEnds) {
  EpochCache epochs;
  epochs.Assign(1, 0);
  epochs.Assign(2, 50);
  epochs.Assign(3, 90);
  epochs.TruncateFromEnd(90);
  EXPECT_EQ(epochs.last_epoch(), 2);
  epochs.TruncateFromStart(60);
  const std::vector<EpochCache::Entry> expected = {{2, 60}};
  EXPECT_EQ(epochs.entries(), expected);
  epochs.Assign(7, 60);
  EXPECT_EQ(epochs.entries().size(), 1u) << "an epoch without batches gives way to the next";
  EXPECT_EQ(epochs.last_epoch(), 7);
}

TEST_F(CheckpointsTest, AnythingButEpochsIsRefused) {
  for (const std::string_view text :
       {"", "1\n0\n", "0\n", "0\n2\n1 0\n", "0\n1\n1 0\n2 5\n", "0\n2\n1 0\n1 5\n",
        "0\n2\n2 5\n3 5\n", "0\n1\n1 x\n", "0\n1\n10\n", "0\n-1\n"}) {
    const BytesView bytes = AsBytes(text);
    fs_.SetContent("/p/leader-epoch-checkpoint", Bytes(bytes.begin(), bytes.end()));
    const auto loaded = EpochCache::Load(fs_, "/p");
    ASSERT_FALSE(loaded.ok()) << text;
    EXPECT_EQ(loaded.error().code(), ErrorCode::kCorruption) << text;
  }
}

TEST_F(CheckpointsTest, TheSidecarSaysNothingOnceDamaged) {
  SegmentCrc sidecar{{1000, 17}, {80, 18}, {120, 19}};
  const Bytes good = sidecar.Encode();
  EXPECT_EQ(SegmentCrc::Decode(good), sidecar);
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    Bytes bad = good;
    bad[bit / 8] ^= static_cast<std::byte>(1 << (bit % 8));
    EXPECT_FALSE(SegmentCrc::Decode(bad).has_value());
  }
  EXPECT_FALSE(SegmentCrc::Decode(BytesView(good).first(good.size() - 1)).has_value());
}

TEST_F(CheckpointsTest, ADigestContinuesFromAFile) {
  Bytes content(3 << 20);
  for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<std::byte>(i * 7);
  fs_.SetContent("/p/x", content);
  const auto file = fs_.Open("/p/x", {});
  Digest digest;
  digest.Extend(BytesView(content).first(1000));
  ASSERT_TRUE(ExtendFromFile(**file, content.size(), digest).ok());
  EXPECT_EQ(digest.crc, Crc32c(content));
  EXPECT_EQ(digest.size_bytes, content.size());
}

TEST_F(CheckpointsTest, PartitionMetadataIsKafkasText) {
  const Uuid id = Uuid::Random();
  ASSERT_TRUE(WritePartitionMetadata(fs_, "/p", id).ok());
  EXPECT_EQ(AsText(fs_.Content("/p/partition.metadata")),
            "version: 0\ntopic_id: " + id.ToString() + "\n");
  EXPECT_EQ(ReadPartitionMetadata(fs_, "/p").value(), id);
  const BytesView newer = AsBytes("version: 1\ntopic_id: x\n");
  fs_.SetContent("/p/partition.metadata", Bytes(newer.begin(), newer.end()));
  EXPECT_EQ(ReadPartitionMetadata(fs_, "/p").error().code(), ErrorCode::kUnsupportedFormat);
}

TEST(FileNamesTest, AreTwentyDigitsAndASuffix) {
  EXPECT_EQ(SegmentFileName(42, kLogSuffix), "00000000000000000042.log");
  EXPECT_EQ(ParseSegmentFileName("00000000000000000042.log", kLogSuffix), 42);
  for (const std::string_view bad :
       {"42.log", "00000000000000000042.index", "0000000000000000004x.log",
        "-0000000000000000042.log", "99999999999999999999.log",
        "00000000000000000042.log.deleted"}) {
    EXPECT_FALSE(ParseSegmentFileName(bad, kLogSuffix).has_value()) << bad;
  }
}

}  // namespace
}  // namespace qalam
