// Bytes that change on the disk: what had been synced is refused, not cut and not served.
#include <gtest/gtest.h>

#include "broker/log/durable_checkpoint.h"
#include "broker/log/segment_crc.h"
#include "tests/broker/log/log_fixture.h"

namespace qalam::log_test {
namespace {

class RotTest : public LogTest {
 protected:
  // All of it below the checkpoint, but not cleanly stopped.
  void Checkpoint() {
    clock_.Advance(std::chrono::seconds(10));
    ASSERT_TRUE(log_->Tick(clock_.Now()).ok());
    ASSERT_TRUE(Sync(*log_).ok());
  }
  std::map<std::string, Bytes> Snapshot() {
    std::map<std::string, Bytes> files;
    for (const std::string& name : Names("")) files[name] = fs_.Content(JoinPath(kDirectory, name));
    return files;
  }
  void ExpectRefused(const std::string& why) {
    log_.reset();
    const auto before = Snapshot();
    const auto opened = TryOpen(false);
    ASSERT_FALSE(opened.ok()) << why;
    EXPECT_EQ(opened.error().code(), ErrorCode::kCorruption) << opened.error().ToString();
    EXPECT_EQ(Snapshot(), before) << "nothing may be changed: " << why;
  }
};

TEST_F(RotTest, BelowTheCheckpointNothingIsCutAndTheReadSaysSo) {
  CreateAndOpen();
  Fill(12, {.value_bytes = 300});
  Checkpoint();
  const std::size_t size = fs_.Content(PathOf(0, kLogSuffix)).size();
  Flip(PathOf(0, kLogSuffix), 400 + kBatchHeaderBytes);  // In the second batch's record.
  Open(false);
  EXPECT_EQ(log_->end_offset(), 12);
  EXPECT_EQ(log_->recovery().torn_bytes_cut, 0u);
  EXPECT_EQ(fs_.Content(PathOf(0, kLogSuffix)).size(), size);
  const auto read = log_->view()->Read(1, 12, 100);
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code(), ErrorCode::kCorruption);
  EXPECT_EQ(read.error().detail("file"), PathOf(0, kLogSuffix));
  EXPECT_TRUE(read.error().detail("position").has_value());
  const auto others = ReadAll(*log_->view(), 2, 12);
  EXPECT_TRUE(others.ok()) << "what is not damaged is served: " << others.error().ToString();
}

TEST_F(RotTest, AShorterFileThanWasSyncedIsRefused) {
  CreateAndOpen();
  Fill(12, {.value_bytes = 300});
  Checkpoint();
  Bytes content = fs_.Content(PathOf(0, kLogSuffix));
  content.resize(1000);
  fs_.SetContent(PathOf(0, kLogSuffix), content);
  ExpectRefused("shorter");
}

TEST_F(RotTest, AMissingSegmentIsRefused) {
  CreateAndOpen();
  Fill(110, {.value_bytes = 500});
  Checkpoint();
  log_.reset();
  const auto names = Names(".log");
  ASSERT_GE(names.size(), 4u);
  for (const std::string& name : names) {
    const std::string path = JoinPath(kDirectory, name);
    const Bytes content = fs_.Content(path);
    ASSERT_TRUE(fs_.Remove(path).ok());
    log_.reset();
    const auto opened = TryOpen(false);
    ASSERT_FALSE(opened.ok()) << name;
    EXPECT_EQ(opened.error().code(), ErrorCode::kCorruption);
    EXPECT_NE(opened.error().message().find(name), std::string::npos)
        << "it names the file: " << opened.error().message();
    const auto clean = TryOpen(true);
    EXPECT_FALSE(clean.ok()) << "after a clean stop too";
    fs_.SetContent(path, content);
  }
  Open(false);
  ExpectAll({.value_bytes = 500});
}

// The older slot was written before the trim.
TEST_F(RotTest, ADamagedSlotDoesNotBringBackWhatWasDeleted) {
  CreateAndOpen();
  Fill(6);
  const auto trimmed = log_->Trim(4, 6);
  ASSERT_TRUE(trimmed.ok());
  log_.reset();
  const std::string path = JoinPath(kDirectory, kDurableCheckpointName);
  const Bytes content = fs_.Content(path);
  for (const std::size_t slot : {0u, 4096u}) {
    fs_.SetContent(path, content);
    Flip(path, slot + 30);
    const auto opened = TryOpen(false);
    if (opened.ok()) {
      EXPECT_EQ((*opened)->log_start_offset(), 4) << "with the slot at " << slot << " damaged";
    }
  }
}

// A clean stop leaves no prepared space, so these zeros were batches; the slot that knew is
// damaged.
TEST_F(RotTest, ZerosAfterACleanStopAreRefusedWhereASlotIsDamaged) {
  CreateAndOpen();
  Fill(8, {.value_bytes = 300});
  Close();
  const std::string log = PathOf(0, kLogSuffix);
  Bytes content = fs_.Content(log);
  const auto batch = static_cast<std::ptrdiff_t>(content.size() / 8);  // All are of one size.
  std::fill(content.end() - 2 * batch, content.end(), std::byte{0});
  fs_.SetContent(log, content);
  const std::string path = JoinPath(kDirectory, kDurableCheckpointName);
  const Bytes slots = fs_.Content(path);
  for (const std::size_t slot : {0u, 4096u}) {
    fs_.SetContent(path, slots);
    Flip(path, slot + 20);
    const auto opened = TryOpen(true);
    if (opened.ok()) {
      EXPECT_EQ((*opened)->end_offset(), 8) << "with the slot at " << slot << " damaged";
    }
    // A slot of zeros is one that was never written, and both are when a log is made.
    Bytes zeroed = slots;
    std::fill_n(zeroed.begin() + static_cast<std::ptrdiff_t>(slot), 68, std::byte{0});
    fs_.SetContent(path, zeroed);
    const auto again = TryOpen(true);
    if (again.ok()) {
      EXPECT_EQ((*again)->end_offset(), 8) << "with the slot at " << slot << " zeroed";
    }
  }
}

TEST_F(RotTest, AMissingCheckpointIsRefused) {
  CreateAndOpen();
  Fill(3);
  log_.reset();
  ASSERT_TRUE(fs_.Remove(JoinPath(kDirectory, kDurableCheckpointName)).ok());
  ExpectRefused("no checkpoint");
}

TEST_F(RotTest, ATornGroupIsCutAndReported) {
  CreateAndOpen();
  Fill(4, {.value_bytes = 300});
  log_.reset();
  // The last group but one is bad, and nothing lies further than a group behind it.
  Flip(PathOf(0, kLogSuffix), 2 * 400 + 100);
  Open(false);
  EXPECT_TRUE(log_->recovery().recovered);
  EXPECT_GT(log_->recovery().torn_bytes_cut, 0u);
  EXPECT_EQ(log_->end_offset(), 2);
  Fill(2, {.value_bytes = 300});
  ExpectAll({.value_bytes = 300});
}

TEST_F(RotTest, DataFurtherThanAGroupProvesRot) {
  options_.checkpoint_bytes = 1 << 30;
  options_.segment_bytes_max = 1 << 20;
  CreateAndOpen();
  Fill(30, {.value_bytes = 1000});
  Flip(PathOf(0, kLogSuffix), 100);
  ExpectRefused("data behind");
}

TEST_F(RotTest, ALaterSegmentProvesRot) {
  options_.checkpoint_bytes = 1 << 30;
  CreateAndOpen();
  while (log_->view()->segments_count() < 2) Fill(1, {.value_bytes = 700});
  // The checkpoint that goes with the roll is lost: as if the one before had been the last.
  const Bytes checkpoint = fs_.Content(JoinPath(kDirectory, kDurableCheckpointName));
  ASSERT_GT(checkpoint.size(), 4096u);
  Bytes older = checkpoint;
  older.resize(4096);  // Sequence 3 lies in slot 1.
  fs_.SetContent(JoinPath(kDirectory, kDurableCheckpointName), older);
  const std::size_t size = fs_.Content(PathOf(0, kLogSuffix)).size();
  Flip(PathOf(0, kLogSuffix), size - 10);
  ExpectRefused("the last batch of a sealed segment");
}

TEST_F(RotTest, ZerosThenDataIsRotAndZerosAloneAreTheEnd) {
  CreateAndOpen();
  Fill(3);
  log_.reset();
  const std::string path = PathOf(0, kLogSuffix);
  Bytes content = fs_.Content(path);
  content.resize(64 << 10);
  fs_.SetContent(path, content);
  Open(false);
  EXPECT_EQ(log_->end_offset(), 3);
  EXPECT_EQ(log_->recovery().torn_bytes_cut, 0u);
  log_.reset();
  content[60 << 10] = std::byte{1};
  fs_.SetContent(path, content);
  ExpectRefused("an island");
}

TEST_F(RotTest, ALostPlaceAndALowerEpochAreBadThoughTheCrcHolds) {
  // Base offset and leader epoch are outside the CRC.
  for (const std::size_t byte : {7u, 15u}) {
    MemoryFileSystem fs(4096);
    ASSERT_TRUE(fs.CreateDirectory("/log").ok());
    ASSERT_TRUE(Log::Create(fs, options_, TopicId()).ok());
    auto log = Log::Open(fs, clock_, options_, TopicId(), false);
    ASSERT_TRUE(log.ok());
    ASSERT_TRUE(AppendSynced(**log, {{}}, 3).ok());
    const std::size_t first = 90;
    log->reset();
    Bytes content = fs.Content(PathOf(0, kLogSuffix));
    ASSERT_LT(first, content.size());
    content[byte] ^= std::byte{2};
    fs.SetContent(PathOf(0, kLogSuffix), content);
    log = Log::Open(fs, clock_, options_, TopicId(), false);
    ASSERT_TRUE(log.ok());
    EXPECT_EQ((*log)->end_offset(), 0) << "as a torn write, above the checkpoint";
  }
}

TEST_F(RotTest, IndexesThatAreMissingShortOrWrongAreMadeAgain) {
  const BatchSpec spec{.value_bytes = 300};
  CreateAndOpen();
  Fill(120, spec);
  Close();
  const auto good = Snapshot();
  const auto restore = [&] {
    for (const auto& [name, content] : good) fs_.SetContent(JoinPath(kDirectory, name), content);
  };
  std::vector<std::string> indexes;
  for (const auto& [name, content] : good) {
    if (name.ends_with("index") || name.ends_with(".crc")) indexes.push_back(name);
  }
  ASSERT_GE(indexes.size(), 9u);
  for (const std::string& name : indexes) {
    const std::string path = JoinPath(kDirectory, name);
    for (int damage = 0; damage < 5; ++damage) {
      restore();
      Bytes content = good.at(name);
      switch (damage) {
        case 0:
          ASSERT_TRUE(fs_.Remove(path).ok());
          break;
        case 1:
          content.resize(content.size() / 2);
          break;
        case 2:
          std::fill(content.begin(), content.end(), std::byte{0x7f});
          break;
        case 3:
          if (!content.empty()) content[content.size() / 2] ^= std::byte{1};
          break;
        default:  // That of another segment.
          content = good.at(indexes[name == indexes[0] ? 3 : 0]);
      }
      if (damage > 0) fs_.SetContent(path, content);
      for (const bool clean : {true, false}) {
        Open(clean);
        EXPECT_EQ(log_->end_offset(), 120);
        ExpectAll(spec);
        for (Offset offset = 0; offset < 120; offset += 17) {
          const auto read = log_->view()->Read(offset, 120, 1);
          ASSERT_TRUE(read.ok());
          EXPECT_EQ(read->next_offset, offset + 1);
          const auto found = log_->view()->FindTimestamp(ManualClock::kStartMs, 120);
          ASSERT_TRUE(found.ok());
          EXPECT_EQ(found->value().offset, 0);
        }
        log_.reset();
      }
    }
  }
}

// All three files of another segment's index are in order, but do not belong to this log.
TEST_F(RotTest, TheWholeIndexOfAnotherSegmentIsMadeAgain) {
  CreateAndOpen();
  for (int i = 0; i < 50; ++i) {
    const BatchSpec spec{.records = 1 + i % 7,
                         .value_bytes = 20 + static_cast<std::size_t>(i * 37 % 500)};
    ASSERT_TRUE(AppendSynced(*log_, {spec}).ok());
  }
  const auto expected = ReadAll(*log_);
  ASSERT_TRUE(expected.ok());
  const Offset end = log_->end_offset();
  Close();
  std::vector<Offset> bases;
  for (const std::string& name : Names(kLogSuffix)) {
    bases.push_back(*ParseSegmentFileName(name, kLogSuffix));
  }
  ASSERT_GE(bases.size(), 3u);
  const auto good = Snapshot();
  for (const Offset to : bases) {
    for (const Offset from : bases) {
      if (from == to) continue;
      for (const auto& [name, content] : good) {
        fs_.SetContent(JoinPath(kDirectory, name), content);
      }
      for (const std::string_view suffix : {kIndexSuffix, kTimeIndexSuffix, kCrcSuffix}) {
        fs_.SetContent(PathOf(to, suffix), good.at(SegmentFileName(from, suffix)));
      }
      for (const bool clean : {true, false}) {
        Open(clean);
        ASSERT_EQ(log_->end_offset(), end);
        const auto records = ReadAll(*log_);
        ASSERT_TRUE(records.ok()) << from << " in place of " << to << ": "
                                  << records.error().ToString();
        EXPECT_EQ(*records, *expected);
        for (Offset offset = 0; offset < end; offset += 13) {
          const auto read = log_->view()->Read(offset, end, 1);
          ASSERT_TRUE(read.ok()) << from << " in place of " << to << ": "
                                 << read.error().ToString();
          EXPECT_GT(read->next_offset, offset);
        }
        log_.reset();
      }
    }
  }
}

TEST_F(RotTest, AMissingEpochCheckpointIsMadeAgainFromTheLog) {
  CreateAndOpen();
  ASSERT_TRUE(AppendSynced(*log_, {{}, {}}, 2).ok());
  ASSERT_TRUE(AppendSynced(*log_, {{}}, 5).ok());
  Close();
  const std::string path = JoinPath(kDirectory, kEpochCheckpointName);
  const Bytes good = fs_.Content(path);
  for (const bool damaged : {false, true}) {
    if (damaged) {
      fs_.SetContent(path, Bytes(5, std::byte{'x'}));
    } else {
      ASSERT_TRUE(fs_.Remove(path).ok());
    }
    Open(true);
    EXPECT_EQ(log_->last_epoch(), 5);
    EXPECT_EQ(log_->view()->EpochOf(1), 2);
    EXPECT_EQ(log_->recovery().notes.size(), 1u);
    EXPECT_EQ(fs_.Content(path), good);
    Close();
  }
}

TEST_F(RotTest, ADamagedSnapshotGivesWayToTheOneBefore) {
  CreateAndOpen();
  std::int32_t sequence = 0;
  for (int i = 0; i < 80; ++i) {
    ASSERT_TRUE(AppendSynced(*log_, {{.value_bytes = 500,
                                      .producer_id = 5,
                                      .producer_epoch = 0,
                                      .base_sequence = sequence++}})
                    .ok());
  }
  Close();
  const auto names = Names(".snapshot");
  ASSERT_GE(names.size(), 2u);
  Flip(JoinPath(kDirectory, names.back()), 20);
  Open(false);
  EXPECT_EQ(log_->recovery().notes.size(), 1u);
  BatchHeader next;
  next.producer_id = 5;
  next.producer_epoch = 0;
  next.base_sequence = sequence;
  EXPECT_TRUE(log_->producers().Check(next).ok());
  next.base_sequence = sequence - 1;
  EXPECT_EQ(log_->producers().Check(next)->base_offset, sequence - 1);
}

TEST_F(RotTest, StrayFilesAreReportedAndLeftAlone) {
  CreateAndOpen();
  Fill(2);
  Close();
  fs_.SetContent(JoinPath(kDirectory, "notes.txt"), Bytes(3, std::byte{1}));
  Open(false);
  ASSERT_EQ(log_->recovery().notes.size(), 1u);
  EXPECT_NE(log_->recovery().notes[0].find("notes.txt"), std::string::npos);
  EXPECT_EQ(fs_.Content(JoinPath(kDirectory, "notes.txt")).size(), 3u);
}

// A kill in the middle of writing one leaves it short; it is derived, so nobody has to look at it.
TEST_F(RotTest, ADamagedSnapshotIsGivenUp) {
  CreateAndOpen();
  Fill(60, {.value_bytes = 500, .producer_id = 5, .producer_epoch = 0, .base_sequence = 0});
  log_.reset();
  const auto snapshots = Names(kSnapshotSuffix);
  ASSERT_GE(snapshots.size(), 2u);
  for (const std::string& name : snapshots) fs_.SetContent(JoinPath(kDirectory, name), {});
  Open(false);
  EXPECT_EQ(Names(kSnapshotSuffix), std::vector<std::string>());
  EXPECT_EQ(log_->end_offset(), 60);
  ExpectAll({.value_bytes = 500});
}

TEST_F(RotTest, ASnapshotFromBehindTheEndIsNotBelievedLater) {
  // Under os a crash may keep a snapshot and lose the batches it speaks of.
  options_.flush_mode = FlushMode::kOs;
  CreateAndOpen();
  ASSERT_TRUE(Append(*log_, {{.producer_id = 5, .producer_epoch = 0, .base_sequence = 0}}).ok());
  ASSERT_TRUE(Sync(*log_).ok());
  const Bytes other = [&] {
    ProducerState state;
    BatchHeader header;
    header.producer_id = 5;
    header.producer_epoch = 0;
    header.base_sequence = 41;
    header.base_offset = 1;
    state.OnAppended(header);
    return state.EncodeSnapshot();
  }();
  log_.reset();
  fs_.SetContent(PathOf(2, kSnapshotSuffix), other);
  Open(false);
  EXPECT_EQ(log_->end_offset(), 1);
  ASSERT_TRUE(
      AppendSynced(*log_, {{.producer_id = 5, .producer_epoch = 0, .base_sequence = 1}}).ok());
  ASSERT_TRUE(
      AppendSynced(*log_, {{.producer_id = 5, .producer_epoch = 0, .base_sequence = 2}}).ok());
  Open(false);
  BatchHeader next;
  next.producer_id = 5;
  next.producer_epoch = 0;
  next.base_sequence = 3;
  EXPECT_TRUE(log_->producers().Check(next).ok());
}

// Every bit of every file of a small, cleanly stopped log, one at a time: opening fails, or a read
// does, or all that is read is right.
TEST_F(RotTest, NoFlippedBitIsReadSilently) {
  CreateAndOpen();
  std::int32_t sequence = 0;
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(AppendSynced(*log_,
                             {{.records = 2,
                               .value_bytes = 30,
                               .producer_id = 5,
                               .producer_epoch = 0,
                               .base_sequence = sequence}},
                             1 + i / 2)
                    .ok());
    sequence += 2;
  }
  Close();
  const auto files = Snapshot();
  const Records expected = Expected(0, 8, {.value_bytes = 30});
  std::size_t detected = 0;
  for (const auto& [name, content] : files) {
    const std::string path = JoinPath(kDirectory, name);
    for (std::size_t bit = 0; bit < content.size() * 8; ++bit) {
      // Of the checkpoint's two slots, not of the room between them.
      if (name == kDurableCheckpointName && bit / 8 % 4096 >= 80) continue;
      for (const bool clean : {true, false}) {
        for (const auto& [other, good] : files) fs_.SetContent(JoinPath(kDirectory, other), good);
        Flip(path, bit / 8, static_cast<int>(bit % 8));
        auto log = TryOpen(clean);
        if (!log.ok()) {
          ++detected;
          continue;
        }
        ASSERT_EQ((*log)->end_offset(), 8) << name << " bit " << bit << ": nothing may be cut";
        Records records;
        for (Offset offset = 0; offset < 8; offset += 2) {
          const auto some = ReadAll(*(*log)->view(), offset, offset + 2);
          if (some.ok()) {
            records.insert(some->begin(), some->end());
          } else {
            ASSERT_EQ(some.error().code(), ErrorCode::kCorruption) << some.error().ToString();
            ++detected;
          }
        }
        for (const auto& [offset, value] : records) {
          ASSERT_EQ(value, expected.at(offset)) << name << " bit " << bit;
        }
        const auto found = (*log)->view()->FindTimestamp(ManualClock::kStartMs + 1, 8);
        if (found.ok()) {
          ASSERT_EQ(found->value().offset, 1) << name << " bit " << bit;
        }
        BatchHeader next;
        next.producer_id = 5;
        next.producer_epoch = 0;
        next.base_sequence = sequence;
        ASSERT_TRUE((*log)->producers().Check(next).ok()) << name << " bit " << bit;
      }
    }
  }
  EXPECT_GT(detected, files.at("00000000000000000000.log").size() * 8);
}

}  // namespace
}  // namespace qalam::log_test
