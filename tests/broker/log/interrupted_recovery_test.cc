// Recoveries that are interrupted, or find half of what they need: the next one must not take what
// a crash did for rot.
#include <gtest/gtest.h>

#include "broker/log/segment_crc.h"
#include "common/byte_order.h"
#include "tests/broker/log/log_fixture.h"

namespace qalam::log_test {
namespace {

class InterruptedRecoveryTest : public LogTest {
 protected:
  void Checkpoint() {
    clock_.Advance(std::chrono::seconds(10));
    ASSERT_TRUE(log_->Tick(clock_.Now()).ok());
    ASSERT_TRUE(Sync(*log_).ok());
  }
  // A group that was written but not acknowledged, torn by a power loss.
  void TearTheLastGroup() {
    const std::size_t before = fs_.Content(PathOf(0, kLogSuffix)).size();
    ASSERT_TRUE(Append(*log_, {{.value_bytes = 300}}).ok());
    log_.reset();
    Bytes content = fs_.Content(PathOf(0, kLogSuffix));
    while (!content.empty() && content.back() == std::byte{0}) content.pop_back();
    content.back() ^= std::byte{1};
    content.resize(std::max(content.size(), before));
    fs_.SetContent(PathOf(0, kLogSuffix), content);
  }
};

// A power loss tears a slot of the durable checkpoint; the log opens. Another power loss tears a
// group, before the next checkpoint: nothing is lost, so the log must open again.
TEST_F(InterruptedRecoveryTest, ATornCheckpointSlotIsMadeGoodBeforeItMatters) {
  CreateAndOpen();
  Fill(3, {.value_bytes = 300});
  log_.reset();
  Flip(JoinPath(kDirectory, kDurableCheckpointName), 4096 + 20);
  Open(false);
  ASSERT_EQ(log_->end_offset(), 3);
  TearTheLastGroup();
  const auto opened = TryOpen(false);
  ASSERT_TRUE(opened.ok()) << opened.error().ToString();
  EXPECT_EQ((*opened)->end_offset(), 3);
  EXPECT_GT((*opened)->recovery().torn_bytes_cut, 0u);
}

// A segment that was written down whole by a checkpoint, then sealed by a roll, and the broker was
// killed before it wrote the sealed segment's indexes: the time index lacks its last entry.
TEST_F(InterruptedRecoveryTest, AnIndexThatAKillLeftWithoutItsLastEntryIsFinished) {
  options_.checkpoint_bytes = 1 << 30;
  options_.segment_bytes_max = 4096;
  CreateAndOpen();
  ASSERT_TRUE(Append(*log_, {{.value_bytes = 100, .timestamp = ManualClock::kStartMs + 7}}).ok());
  Checkpoint();
  const Bytes unfinished = fs_.Content(PathOf(0, kTimeIndexSuffix));
  ASSERT_TRUE(Append(*log_, {{.value_bytes = 4000}}).ok());
  ASSERT_EQ(Names(kLogSuffix).size(), 2u);
  log_.reset();
  ASSERT_EQ(fs_.Content(PathOf(0, kTimeIndexSuffix)), unfinished);
  Open(false);
  const Bytes times = fs_.Content(PathOf(0, kTimeIndexSuffix));
  ASSERT_EQ(times.size(), 12u);
  EXPECT_EQ(LoadBig64(times.data()), static_cast<std::uint64_t>(ManualClock::kStartMs + 7));
  const auto sidecar = SegmentCrc::Load(fs_, PathOf(0, kCrcSuffix));
  ASSERT_TRUE(sidecar);
  EXPECT_TRUE(sidecar->time_index.Matches(times));
}

// A recovery cuts a torn tail and is killed before it syncs that; the next one finds nothing to
// cut. Then the log rolls, and the power goes before the sync: the new segment's name has reached
// the disk, the cut has not.
TEST_F(InterruptedRecoveryTest, ACutThatWasNotSyncedDoesNotComeBackBehindANewSegment) {
  options_.checkpoint_bytes = 1 << 30;
  CreateAndOpen();
  Fill(35, {.value_bytes = 300});
  Checkpoint();
  ASSERT_EQ(Names(kLogSuffix).size(), 1u);
  TearTheLastGroup();
  const Bytes torn = fs_.Content(PathOf(0, kLogSuffix));
  const Bytes checkpoint = fs_.Content(JoinPath(kDirectory, kDurableCheckpointName));

  int rolled = 0;
  for (std::uint64_t seed = 1; seed <= 64; ++seed) {
    SCOPED_TRACE(seed);
    MemoryFileSystem disk(4096);
    ASSERT_TRUE(disk.CreateDirectory("/log").ok());
    ASSERT_TRUE(Log::Create(disk, options_, TopicId()).ok());
    disk.SetContent(PathOf(0, kLogSuffix), torn);
    disk.SetContent(JoinPath(kDirectory, kDurableCheckpointName), checkpoint);
    {
      FaultFileSystem faults(disk);
      for (std::uint64_t n = 1;; ++n) {  // Killed at the sync behind the cut.
        faults.StopAtChange(n);
        ASSERT_FALSE(Log::Open(faults, clock_, options_, TopicId(), false).ok());
        const auto change = faults.history().back();
        if (change.call == FileCall::kSync && change.path == PathOf(0, kLogSuffix)) break;
        ASSERT_LT(n, 10u);
      }
    }
    {
      auto log = Log::Open(disk, clock_, options_, TopicId(), false);
      ASSERT_TRUE(log.ok()) << log.error().ToString();
      ASSERT_EQ((*log)->end_offset(), 35);
      ASSERT_TRUE(Append(**log, {{.value_bytes = 6000}}).ok());
      rolled += (*log)->view()->segments_count() == 2;
    }
    disk.Crash(seed);
    const auto log = Log::Open(disk, clock_, options_, TopicId(), false);
    ASSERT_TRUE(log.ok()) << log.error().ToString();
    EXPECT_GE((*log)->end_offset(), 35);
  }
  EXPECT_EQ(rolled, 64);
}

}  // namespace
}  // namespace qalam::log_test
