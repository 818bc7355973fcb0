#include "broker/tools/log_verify.h"

#include <gtest/gtest.h>

#include <random>

#include "broker/log/epoch_cache.h"
#include "common/byte_order.h"
#include "common/crc32c.h"
#include "tests/broker/log/log_fixture.h"

namespace qalam::log_test {
namespace {

const std::vector<std::string> kNone;

// A log of several segments in memory, closed, for damaging and verifying.
class LogVerifyTest : public LogTest {
 protected:
  void MakeLog() {
    CreateAndOpen();
    for (int i = 0; i < 60; ++i) {
      BatchSpec spec{.records = 3, .value_bytes = 200};
      spec.timestamp = ManualClock::kStartMs + i * 10;
      spec.producer_id = 7;
      spec.producer_epoch = 0;
      spec.base_sequence = i * 3;
      ASSERT_TRUE(AppendSynced(*log_, {spec}, i < 30 ? 1 : 2).ok());
    }
    Close();
    ASSERT_GE(Names(kLogSuffix).size(), 3u);
  }
  VerifyReport Verify(const std::string& directory = kDirectory) {
    const auto report = VerifyLogs(fs_, directory);
    EXPECT_TRUE(report.ok()) << report.error().ToString();
    return report.ok() ? *report : VerifyReport();
  }
  std::vector<std::string> Findings() { return Verify().findings; }
  // One of the findings says all of this.
  ::testing::AssertionResult Finds(const std::string& first, const std::string& second = {},
                                   const std::string& third = {}) {
    std::string all;
    for (const std::string& finding : Findings()) {
      const auto says = [&](const std::string& text) {
        return finding.find(text) != std::string::npos;
      };
      if (says(first) && says(second) && says(third)) return ::testing::AssertionSuccess();
      all += "\n  " + finding;
    }
    return ::testing::AssertionFailure() << "the findings are:" << all;
  }
  std::string File(std::string_view suffix, std::size_t which) {
    const auto names = Names(suffix);
    EXPECT_LT(which, names.size());
    return JoinPath(kDirectory, names[which]);
  }
  void Change(const std::string& path, const std::function<void(Bytes&)>& change) {
    Bytes content = fs_.Content(path);
    change(content);
    fs_.SetContent(path, std::move(content));
  }
};

TEST_F(LogVerifyTest, AHealthyLogHasNoFindings) {
  MakeLog();
  const VerifyReport report = Verify();
  EXPECT_EQ(report.findings, kNone);
  EXPECT_EQ(report.partitions, 1);
  EXPECT_EQ(report.segments, static_cast<std::int64_t>(Names(kLogSuffix).size()));
  EXPECT_EQ(report.batches, 60);
  EXPECT_EQ(report.records, 180);
}

TEST_F(LogVerifyTest, AnOpenLogWithPreparedSpaceHasNoFindings) {
  CreateAndOpen();
  Fill(5, {.value_bytes = 100});
  EXPECT_EQ(Findings(), kNone);
  Change(File(kLogSuffix, 0), [](Bytes& log) { log.resize(log.size() + 9000); });
  EXPECT_EQ(Findings(), kNone);
}

TEST_F(LogVerifyTest, ADataDirectoryAndItsLogsAreFoundFromAbove) {
  MakeLog();
  EXPECT_EQ(Verify("/log").partitions, 1);
  EXPECT_EQ(Verify("/").partitions, 1);
}

// Half made when its broker was killed, it may lack anything.
TEST_F(LogVerifyTest, WhatWasMovedAsideIsLookedAtOnlyByName) {
  MakeLog();
  const std::string aside = "/log/late-0.AAAAAAAAAAAAAAAAAAAAAA-stray";
  ASSERT_TRUE(fs_.CreateDirectory(aside).ok());
  fs_.SetContent(JoinPath(aside, SegmentFileName(0, kLogSuffix)), {});
  fs_.SetContent(JoinPath(aside, kDurableCheckpointName), Bytes(8192));
  EXPECT_EQ(Verify("/log").findings, kNone);
  EXPECT_EQ(Verify("/log").partitions, 1);
  EXPECT_NE(Verify(aside).findings, kNone);
}

TEST_F(LogVerifyTest, ADirectoryWithoutPartitionsIsRefused) {
  ASSERT_TRUE(fs_.CreateDirectory("/empty").ok());
  const auto report = VerifyLogs(fs_, "/empty");
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code(), ErrorCode::kInvalidArgument);
  const auto missing = VerifyLogs(fs_, "/missing");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code(), ErrorCode::kNotFound);
}

TEST_F(LogVerifyTest, EveryBitOfASealedSegmentIsWatched) {
  MakeLog();
  const std::string path = File(kLogSuffix, 1);
  const Bytes good = fs_.Content(path);
  for (std::size_t byte = 0; byte < good.size(); byte += byte < 400 ? 1 : 97) {
    Bytes bad = good;
    bad[byte] ^= static_cast<std::byte>(1 << (byte % 8));
    fs_.SetContent(path, std::move(bad));
    ASSERT_NE(Findings(), kNone) << "byte " << byte;
  }
}

TEST_F(LogVerifyTest, AFindingNamesFileAndPlace) {
  MakeLog();
  const std::string path = File(kLogSuffix, 0);
  const std::int64_t second = BatchHeader::Decode(fs_.Content(path)).size_bytes();
  Flip(path, static_cast<std::size_t>(second) + 100);
  EXPECT_TRUE(Finds(path, std::to_string(second), "CRC"));
}

TEST_F(LogVerifyTest, WhatTheBatchCrcLeavesOutIsCheckedToo) {
  MakeLog();
  Flip(File(kLogSuffix, 2),
       7);  // Base offset, of the active segment's first batch or a sealed one.
  EXPECT_TRUE(Finds("base offset"));
}

TEST_F(LogVerifyTest, EpochsThatFallAreFound) {
  MakeLog();
  Change(File(kLogSuffix, Names(kLogSuffix).size() - 1),
         [](Bytes& log) { StoreBig32(&log[12], 1); });
  EXPECT_TRUE(Finds("epoch 1 after 2"));
}

TEST_F(LogVerifyTest, AMissingSegmentIsFound) {
  MakeLog();
  ASSERT_TRUE(fs_.Remove(File(kLogSuffix, 1)).ok());
  EXPECT_NE(Findings(), kNone);
}

TEST_F(LogVerifyTest, AMissingFirstSegmentIsFound) {
  MakeLog();
  ASSERT_TRUE(fs_.Remove(File(kLogSuffix, 0)).ok());
  EXPECT_TRUE(Finds(std::string(kDurableCheckpointName), "counts", "segments"));
}

TEST_F(LogVerifyTest, TheRestOfAnInterruptedRemovalIsNoFinding) {
  CreateAndOpen();
  for (int i = 0; i < 60; ++i)
    ASSERT_TRUE(AppendSynced(*log_, {{.records = 3, .value_bytes = 200}}).ok());
  const std::string first = File(kLogSuffix, 0);
  const Bytes content = fs_.Content(first);
  ASSERT_TRUE(log_->Trim(100, 180).ok());
  Close();
  ASSERT_TRUE(fs_.Content(first).empty());
  fs_.SetContent(first, content);
  EXPECT_EQ(Findings(), kNone);
}

TEST_F(LogVerifyTest, AnEpochThatIsNotTheCheckpointsIsFound) {
  MakeLog();
  EpochCache epochs;
  epochs.Assign(1, 0);
  epochs.Assign(2, 93);  // Began at 90.
  ASSERT_TRUE(epochs.Save(fs_, kDirectory).ok());
  EXPECT_TRUE(Finds(".log", "leader epoch 2, not the one of leader-epoch-checkpoint"));
}

TEST_F(LogVerifyTest, ASealedIndexThatLostEntriesIsFound) {
  MakeLog();
  Change(File(kIndexSuffix, 0), [](Bytes& index) { index.erase(index.end() - 8, index.end()); });
  EXPECT_TRUE(Finds(".crc", "of the index"));
}

TEST_F(LogVerifyTest, ASealedTimeIndexWithoutTheLargestTimestampIsFound) {
  MakeLog();
  Change(File(kTimeIndexSuffix, 0),
         [](Bytes& index) { index.erase(index.end() - 12, index.end()); });
  EXPECT_TRUE(Finds(".timeindex", "the sealed segment's largest is"));
}

TEST_F(LogVerifyTest, AWrongLargestTimestampInAHeaderIsFound) {
  MakeLog();
  Change(File(kLogSuffix, 0), [](Bytes& log) {
    const auto size = static_cast<std::size_t>(BatchHeader::Decode(log).size_bytes());
    StoreBig64(&log[35], LoadBig64(&log[35]) + 5);
    StoreBig32(&log[17], Crc32c(BytesView(log).subspan(21, size - 21)));
  });
  EXPECT_TRUE(Finds("byte 0", "the header says"));
}

TEST_F(LogVerifyTest, FindingsAreBounded) {
  MakeLog();
  Bytes index(8 * (VerifyReport::kFindingsMax + 500));
  fs_.SetContent(File(kIndexSuffix, 0), std::move(index));
  const VerifyReport report = Verify();
  EXPECT_EQ(report.findings.size(), VerifyReport::kFindingsMax);
  EXPECT_GT(report.findings_left_out, 400);
}

TEST_F(LogVerifyTest, AnythingBehindASealedSegmentIsFound) {
  MakeLog();
  Change(File(kLogSuffix, 0), [](Bytes& log) { log.resize(log.size() + 100); });
  EXPECT_TRUE(Finds("100 bytes behind the last batch"));
}

TEST_F(LogVerifyTest, GarbageBehindTheLastBatchIsFound) {
  MakeLog();
  Change(File(kLogSuffix, Names(kLogSuffix).size() - 1), [](Bytes& log) {
    log.resize(log.size() + 5000);
    log.back() = std::byte{1};
  });
  EXPECT_TRUE(Finds("neither a batch nor zeros"));
}

TEST_F(LogVerifyTest, AnIndexEntryThatLeadsNowhereIsFound) {
  MakeLog();
  Change(File(kIndexSuffix, 0), [](Bytes& index) {
    ASSERT_GE(index.size(), 8u);
    StoreBig32(&index[4], LoadBig32(&index[4]) + 1);
  });
  EXPECT_TRUE(Finds(".index", "byte 0"));
}

TEST_F(LogVerifyTest, AnIndexEntryWithAnotherBatchsOffsetIsFound) {
  MakeLog();
  Change(File(kIndexSuffix, 1),
         [](Bytes& index) { StoreBig32(&index[0], LoadBig32(&index[0]) + 1); });
  EXPECT_TRUE(Finds(".index"));
}

TEST_F(LogVerifyTest, HalfAnIndexEntryIsFound) {
  MakeLog();
  Change(File(kIndexSuffix, 0), [](Bytes& index) { index.pop_back(); });
  EXPECT_TRUE(Finds(".index", "whole number"));
}

TEST_F(LogVerifyTest, AWrongTimestampInTheTimeIndexIsFound) {
  MakeLog();
  Change(File(kTimeIndexSuffix, 0), [](Bytes& index) {
    ASSERT_GE(index.size(), 12u);
    StoreBig64(&index[0], LoadBig64(&index[0]) + 1);
  });
  EXPECT_TRUE(Finds(".timeindex", "largest"));
}

TEST_F(LogVerifyTest, ATimeIndexThatDoesNotGrowIsFound) {
  MakeLog();
  Change(File(kTimeIndexSuffix, 0), [](Bytes& index) {
    const Bytes first(index.begin(), index.begin() + 12);
    index.insert(index.begin(), first.begin(), first.end());
  });
  EXPECT_TRUE(Finds(".timeindex", "grow"));
}

TEST_F(LogVerifyTest, DamagedSidecarsSnapshotsAndCheckpointsAreFound) {
  MakeLog();
  struct Case {
    std::string path;
    std::size_t byte;
  };
  for (const Case& damaged : {Case{File(kCrcSuffix, 0), 9}, Case{File(kSnapshotSuffix, 0), 12},
                              Case{JoinPath(kDirectory, kEpochCheckpointName), 0}}) {
    const Bytes good = fs_.Content(damaged.path);
    Flip(damaged.path, damaged.byte, 6);
    EXPECT_TRUE(Finds(damaged.path));
    fs_.SetContent(damaged.path, good);
  }
  EXPECT_EQ(Findings(), kNone);
  const std::string checkpoint = JoinPath(kDirectory, kDurableCheckpointName);
  Change(checkpoint, [](Bytes& slots) {
    for (std::size_t at = 16; at < slots.size(); at += 4096) slots[at] ^= std::byte{1};
  });
  EXPECT_TRUE(Finds(checkpoint, "slot"));
}

TEST_F(LogVerifyTest, ALostTailThatHadBeenSyncedIsFound) {
  MakeLog();
  Change(File(kLogSuffix, Names(kLogSuffix).size() - 1), [](Bytes& log) {
    log.resize(static_cast<std::size_t>(BatchHeader::Decode(log).size_bytes()));
  });
  EXPECT_TRUE(Finds(std::string(kDurableCheckpointName), "had been synced"));
}

TEST_F(LogVerifyTest, ARecordsCountThatLiesIsFound) {
  MakeLog();
  Change(File(kLogSuffix, 0), [](Bytes& log) {
    const auto size = static_cast<std::size_t>(BatchHeader::Decode(log).size_bytes());
    StoreBig32(&log[57], 4);
    StoreBig32(&log[17], Crc32c(BytesView(log).subspan(21, size - 21)));
  });
  EXPECT_TRUE(Finds("byte 0"));
}

// Whatever the bytes are: it ends, and reads nothing that is not there (sanitizers watch).
TEST_F(LogVerifyTest, HostileBytesDoNoHarm) {
  MakeLog();
  std::vector<std::string> paths;
  for (const auto suffix :
       {kLogSuffix, kIndexSuffix, kTimeIndexSuffix, kSnapshotSuffix, kCrcSuffix})
    paths.push_back(File(suffix, 0));
  paths.push_back(JoinPath(kDirectory, kEpochCheckpointName));
  paths.push_back(JoinPath(kDirectory, kDurableCheckpointName));
  std::mt19937 random(20);
  for (int round = 0; round < 400; ++round) {
    const std::string& path = paths[random() % paths.size()];
    const Bytes good = fs_.Content(path);
    Bytes bad = good;
    for (unsigned i = 0, n = random() % 4; i <= n && !bad.empty(); ++i) {
      switch (random() % 3) {
        case 0:
          bad[random() % bad.size()] = static_cast<std::byte>(random());
          break;
        case 1:  // Lengths, counts and offsets at the edge of their types.
          if (bad.size() >= 8)
            StoreBig64(&bad[random() % std::min<std::size_t>(bad.size() - 7, 80)],
                       random() % 2 == 0 ? 0x7fffffffffffffffu : 0xffffffffffffffffu);
          break;
        default:
          bad.resize(random() % bad.size());
      }
    }
    fs_.SetContent(path, std::move(bad));
    (void)VerifyLogs(fs_, kDirectory);
    fs_.SetContent(path, good);
  }
  EXPECT_EQ(Findings(), kNone);
}

}  // namespace
}  // namespace qalam::log_test
