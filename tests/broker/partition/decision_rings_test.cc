#include "broker/partition/decision_rings.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "broker/partition/ring_file_format.h"
#include "common/crc32c.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/manual_clock.h"
#include "tests/support/memory_file_system.h"

namespace qalam {
namespace {

constexpr const char* kDirectory = "/data/rings";

class DecisionRingsTest : public testing::Test {
 protected:
  DecisionRingsTest() { QALAM_CHECK(files_.CreateDirectory("/data").ok()); }

  std::unique_ptr<DecisionRings> Make(std::int32_t writers = 1, std::size_t bytes = 64 << 10) {
    auto rings = std::make_unique<DecisionRings>(fs_, clock_,
                                                 DecisionRingsOptions{bytes, writers, kDirectory});
    rings->Load();
    return rings;
  }
  static void AddBatch(DecisionRing& ring, Offset offset, const std::string& client = "billing") {
    BatchDecision batch;
    batch.head.kind = EntryKind::kBatch;
    batch.head.writer = ring.writer();
    batch.head.origin = ring.Intern(OriginLabel(client, "grpc", "here"));
    batch.base_offset = offset;
    batch.group = ring.NextGroup();
    ring.Add(batch);
  }
  static void AddRefusal(DecisionRing& ring, std::int64_t at_ms, const std::string& text) {
    RefusalDecision refusal;
    refusal.head.kind = EntryKind::kRefusal;
    refusal.head.origin = ring.Intern(OriginLabel("refused", "grpc", "here"));
    refusal.at_ms = at_ms;
    ring.Add(refusal, text);
  }
  // Base offsets, oldest first, with the client where it is known.
  static std::vector<std::string> Batches(const DecisionRing& ring) {
    std::vector<std::string> found;
    RingEntry entry;
    for (std::uint64_t at = ring.decisions().first(); at < ring.decisions().end(); ++at) {
      if (!ring.decisions().Read(at, entry) || KindOf(entry) != EntryKind::kBatch) continue;
      const auto batch = FromEntry<BatchDecision>(entry);
      const auto origin = ring.origins().Find(batch.head.origin);
      found.push_back(std::to_string(batch.base_offset) + " " +
                      (origin ? std::string(origin->client()) : "?"));
    }
    return found;
  }
  static std::string Path(int writer) {
    return std::string(kDirectory) + "/writer-" + std::to_string(writer) + ".ring";
  }

  MemoryFileSystem files_;
  FaultFileSystem fs_{files_};
  ManualClock clock_;
};

TEST_F(DecisionRingsTest, WhatWasSavedIsThereAfterARestart) {
  auto rings = Make();
  AddBatch(*rings->of(0), 10);
  AddBatch(*rings->of(0), 11, "other");
  AddRefusal(*rings->of(0), 5, "why");
  rings->Save();
  AddBatch(*rings->of(0), 12);
  rings->Save();
  AddBatch(*rings->of(0), 13);  // Not saved.
  rings = Make();
  EXPECT_EQ(Batches(*rings->of(0)),
            (std::vector<std::string>{"10 billing", "11 other", "12 billing"}));
  EXPECT_EQ(rings->of(0)->refusals().end(), 2u);
  EXPECT_EQ(rings->of(0)->NextGroup(), 4u);  // None that an old entry has.
  // And once more, from a file that was begun anew.
  AddBatch(*rings->of(0), 14);
  rings->Save();
  rings = Make();
  EXPECT_EQ(Batches(*rings->of(0)).size(), 4u);
}

TEST_F(DecisionRingsTest, AFileIsBoundedAndHoldsTheNewest) {
  auto rings = Make();
  const std::size_t capacity = rings->of(0)->decisions().capacity();
  std::size_t added = 0;
  // By different numbers between two saves: within a block, over some, over more than there are.
  for (const std::size_t step : {1ul, 30ul, 31ul, 32ul, 100ul, capacity, 3 * capacity + 7, 5ul}) {
    for (std::size_t i = 0; i < step; ++i) AddBatch(*rings->of(0), static_cast<Offset>(added++));
    rings->Save();
    const auto kept = Batches(*Make()->of(0));
    ASSERT_GE(kept.size(), std::min(added, capacity - RingShape::kBlockEntries)) << added;
    ASSERT_LE(kept.size(), capacity);
    for (std::size_t i = 0; i < kept.size(); ++i) {
      ASSERT_EQ(kept[i], std::to_string(added - kept.size() + i) + " billing");
    }
  }
  EXPECT_LE(files_.Content(Path(0)).size(), (64u << 10) + 4096);
}

TEST_F(DecisionRingsTest, AnotherSizeOrAnotherNumberOfWritersTakesOverWhatFits) {
  auto rings = Make(3);
  for (int writer = 0; writer < 3; ++writer) AddBatch(*rings->of(writer), writer);
  rings->Save();
  rings = Make(2, 256 << 10);
  // That of a writer which is no more comes before what the one that takes it has itself.
  EXPECT_EQ(Batches(*rings->of(0)), (std::vector<std::string>{"2 billing", "0 billing"}));
  EXPECT_EQ(Batches(*rings->of(1)), (std::vector<std::string>{"1 billing"}));
  EXPECT_TRUE(files_.Exists(Path(2)).value());
  rings->Save();
  EXPECT_FALSE(files_.Exists(Path(2)).value());
  rings = Make(4);
  EXPECT_EQ(Batches(*rings->of(0)).size(), 2u);
  EXPECT_TRUE(Batches(*rings->of(3)).empty());
}

TEST_F(DecisionRingsTest, SwitchedOffThereIsNothing) {
  const auto rings = Make(2, 0);
  EXPECT_FALSE(rings->on());
  EXPECT_EQ(rings->of(1), nullptr);
  rings->Save();
  EXPECT_FALSE(files_.Exists(kDirectory).value());
}

// Bytes are turned at random places, in a copy each time: nothing but entries that were there, or
// none, comes out of it, and the ring works on.
TEST_F(DecisionRingsTest, DamagedBytesAreLeftOut) {
  auto rings = Make();
  for (Offset i = 0; i < 200; ++i) AddBatch(*rings->of(0), i);
  AddRefusal(*rings->of(0), 5, std::string(200, 'w'));
  rings->Save();
  const Bytes good = files_.Content(Path(0));
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    Bytes bad = good;
    for (int i = 0; i < 1 + round % 4; ++i) bad[random() % bad.size()] ^= std::byte{0x41};
    if (round % 5 == 0) bad.resize(random() % bad.size());
    files_.SetContent(Path(0), bad);
    const auto damaged = Make();
    Offset last = -1;
    for (const std::string& batch : Batches(*damaged->of(0))) {
      const Offset offset = std::stoll(batch);
      ASSERT_GT(offset, last);
      ASSERT_LT(offset, 200);
      last = offset;
    }
    AddBatch(*damaged->of(0), 1000);
    damaged->Save();
    ASSERT_EQ(Batches(*Make()->of(0)).back(), "1000 billing");
  }
}

// With right checksums, any content at all.
TEST_F(DecisionRingsTest, WrongEntriesUnderRightChecksumsDoNoHarm) {
  auto rings = Make();
  for (Offset i = 0; i < 40; ++i) AddBatch(*rings->of(0), i);
  AddRefusal(*rings->of(0), 5, "text");
  rings->Save();
  const Bytes good = files_.Content(Path(0));
  std::mt19937 random(8);
  for (int round = 0; round < 200; ++round) {
    Bytes bad = good;
    for (std::size_t at = 4096; at + 4096 <= bad.size(); at += 4096) {
      const std::span<std::byte> block(bad.data() + at, 4096);
      for (int i = 0; i < 20; ++i) block[24 + random() % (4096 - 24)] = std::byte(random() % 256);
      const auto count = static_cast<std::uint32_t>(random() % 40);
      std::memcpy(block.data() + 4, &count, sizeof count);
      const std::uint32_t crc = Crc32c(block.subspan(4));
      std::memcpy(block.data(), &crc, sizeof crc);
    }
    files_.SetContent(Path(0), bad);
    const auto wrong = Make();
    (void)Batches(*wrong->of(0));
    (void)wrong->of(0)->refusals_whole_since();
    wrong->Save();
  }
}

TEST_F(DecisionRingsTest, AnotherFormatIsLeftOutAndReplaced) {
  auto rings = Make();
  AddBatch(*rings->of(0), 1);
  rings->Save();
  Bytes later = files_.Content(Path(0));
  later[4] = std::byte{2};
  files_.SetContent(Path(0), later);
  rings = Make();
  EXPECT_TRUE(Batches(*rings->of(0)).empty());
  AddBatch(*rings->of(0), 2);
  rings->Save();
  EXPECT_EQ(Batches(*Make()->of(0)), (std::vector<std::string>{"2 billing"}));
}

// Every call may fail, at a start and later: then the file is given up and the ring goes on.
TEST_F(DecisionRingsTest, AFileThatCannotBeWrittenIsGivenUp) {
  auto rings = Make();
  AddBatch(*rings->of(0), 1);
  rings->Save();
  for (const FileCall call :
       {FileCall::kWrite, FileCall::kOpen, FileCall::kRead, FileCall::kTruncate, FileCall::kRename,
        FileCall::kList, FileCall::kCreateDirectory, FileCall::kRemove}) {
    for (const bool later : {false, true}) {
      const auto rule = [call](FileCall asked, const std::string&) {
        return asked == call ? std::optional(Error(ErrorCode::kIo, "broken")) : std::nullopt;
      };
      if (!later) fs_.SetRule(rule);
      rings = Make();
      rings->Save();
      fs_.SetRule(rule);
      AddBatch(*rings->of(0), 2);
      rings->Save();
      EXPECT_EQ(Batches(*rings->of(0)).back(), "2 billing");
      fs_.SetRule({});
    }
  }
  EXPECT_FALSE(Batches(*Make()->of(0)).empty());
}

}  // namespace
}  // namespace qalam
