#include "broker/partition/decision_ring.h"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <string>
#include <thread>

#include "broker/partition/read_mark.h"
#include "tests/support/manual_clock.h"

namespace qalam {
namespace {

RingEntry Filled(std::uint64_t number) {
  RingEntry entry;
  entry.words.fill(number);
  return entry;
}

TEST(EntryRingTest, KeepsTheNewestAndKnowsWhichAreGone) {
  EntryRing ring(4);
  RingEntry entry;
  EXPECT_FALSE(ring.Read(0, entry));
  for (std::uint64_t i = 0; i < 6; ++i) ring.Append(Filled(i));
  EXPECT_EQ(ring.end(), 6u);
  EXPECT_EQ(ring.first(), 2u);
  EXPECT_FALSE(ring.Read(1, entry));
  EXPECT_FALSE(ring.Read(6, entry));
  for (std::uint64_t i = 2; i < 6; ++i) {
    ASSERT_TRUE(ring.Read(i, entry));
    EXPECT_EQ(entry.words, Filled(i).words);
  }
}

// One thread writes as fast as it can into a small ring, another reads: what is read is whole.
TEST(EntryRingTest, AReaderThatIsOvertakenNeverSeesATornEntry) {
  EntryRing ring(8);
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (std::uint64_t i = 0; !stop.load(std::memory_order_relaxed); ++i) ring.Append(Filled(i));
  });
  std::uint64_t read = 0;
  std::uint64_t overtaken = 0;
  for (int i = 0; i < 300'000; ++i) {
    const std::uint64_t sequence = ring.first();
    RingEntry entry;
    if (!ring.Read(sequence, entry)) {
      ++overtaken;
      continue;
    }
    ++read;
    for (const std::uint64_t word : entry.words) ASSERT_EQ(word, sequence);
  }
  stop.store(true);
  writer.join();
  EXPECT_GT(read + overtaken, 0u);
}

TEST(RingShapeTest, DividesWhatThereIsAndNeverTooLittle) {
  for (const std::size_t bytes : {0u, 4096u, 1u << 20, 4u << 20, 64u << 20}) {
    const RingShape shape = RingShape::Of(bytes);
    EXPECT_GE(shape.origins, 1u);
    EXPECT_GE(shape.refusals, 1u);
    EXPECT_GT(shape.decisions, shape.refusals);
    const std::size_t blocks = shape.decisions + shape.refusals + shape.origins;
    EXPECT_EQ(blocks, std::max(bytes / 4096, RingShape::kBlocksMin));
  }
}

TEST(OriginTableTest, TheSameOneIsKeptOnceAndFoundAgain) {
  OriginTable table(31);
  const OriginLabel billing("billing", "grpc", "ipv4:127.0.0.1:1");
  const std::uint32_t first = table.Intern(billing);
  EXPECT_NE(first, 0u);
  EXPECT_EQ(table.Intern(OriginLabel("billing", "grpc", "ipv4:127.0.0.1:1")), first);
  const std::uint32_t other = table.Intern(OriginLabel("billing", "grpc", "ipv4:127.0.0.1:2"));
  EXPECT_NE(other, first);
  EXPECT_EQ(table.changes(), 2u);
  ASSERT_TRUE(table.Find(first));
  EXPECT_EQ(table.Find(first)->client(), "billing");
  EXPECT_EQ(table.Find(first)->protocol(), "grpc");
  EXPECT_EQ(table.Find(first)->peer(), "ipv4:127.0.0.1:1");
  EXPECT_EQ(table.Find(other)->peer(), "ipv4:127.0.0.1:2");
  EXPECT_FALSE(table.Find(0));
  EXPECT_FALSE(table.Find(0xffff));
}

TEST(OriginTableTest, TheOneNotHeardForLongestGivesWayAndIsForgotten) {
  OriginTable table(4);  // One set.
  const auto name = [](int i) { return OriginLabel("client" + std::to_string(i), "grpc", "p"); };
  std::vector<std::uint32_t> references;
  for (int i = 0; i < 4; ++i) references.push_back(table.Intern(name(i)));
  table.Intern(name(0));
  const std::uint32_t fifth = table.Intern(name(4));
  EXPECT_FALSE(table.Find(references[1]));
  EXPECT_EQ(table.Find(references[0])->client(), "client0");
  EXPECT_EQ(table.Find(fifth)->client(), "client4");
}

TEST(OriginTableTest, LongNamesAreCut) {
  const OriginLabel label(std::string(300, 'c'), std::string(300, 'p'), std::string(300, 'a'));
  EXPECT_EQ(label.client(), std::string(OriginLabel::kClientBytesMax, 'c'));
  EXPECT_EQ(label.protocol(), std::string(OriginLabel::kProtocolBytesMax, 'p'));
  EXPECT_EQ(label.peer(), std::string(OriginLabel::kPeerBytesMax, 'a'));
}

TEST(DecisionRingTest, ALongMessageGoesIntoTwoEntriesBehindItsRefusal) {
  DecisionRing ring(3, 7, RingShape::Of(0));
  ring.Add(RefusalDecision{}, std::string(500, 'x'));
  EXPECT_EQ(ring.refusals().end(), 3u);
  ring.Add(RefusalDecision{}, "");
  EXPECT_EQ(ring.refusals().end(), 4u);
  EXPECT_EQ(ring.decisions().end(), 0u);
}

TEST(DecisionRingTest, RefusalsAreWholeSinceTheOldestThatIsLeft) {
  DecisionRing ring(0, 7, RingShape::Of(0));
  ring.SetWholeSince(1000);
  RefusalDecision refusal;
  refusal.head.kind = EntryKind::kRefusal;
  for (std::size_t i = 0; i < ring.refusals().capacity(); ++i) {
    refusal.at_ms = 2000 + static_cast<std::int64_t>(i);
    ring.Add(refusal, "");
  }
  EXPECT_EQ(ring.refusals_whole_since(), 1000);
  ring.Add(refusal, "");
  EXPECT_EQ(ring.refusals_whole_since(), 2001);
}

TEST(ReadMarkTest, ReadsThatFollowEachOtherAreOneRange) {
  ManualClock clock;
  ReadMark mark;
  EXPECT_FALSE(mark.Take());
  mark.Note(0, 10, clock);
  mark.Note(10, 30, clock);
  mark.Note(5, 20, clock);  // Others were further.
  const auto pending = mark.pending();
  ASSERT_TRUE(pending);
  EXPECT_EQ(pending->to, 30);
  const auto range = mark.Take();
  ASSERT_TRUE(range);
  EXPECT_EQ(range->from, 0);
  EXPECT_EQ(range->to, 30);
  EXPECT_FALSE(mark.Take());
  EXPECT_FALSE(mark.pending());
  mark.Note(20, 40, clock);
  const auto next = mark.Take();
  ASSERT_TRUE(next);
  EXPECT_EQ(next->from, 30);
  EXPECT_EQ(next->to, 40);
}

TEST(ReadMarkTest, WhatAReaderPassedOverIsNotCountedAsRead) {
  ManualClock clock;
  ReadMark mark;
  mark.Note(100, 110, clock);
  const auto range = mark.Take();
  ASSERT_TRUE(range);
  EXPECT_EQ(range->from, 100);
  mark.Note(50, 60, clock);
  EXPECT_FALSE(mark.Take());
}

}  // namespace
}  // namespace qalam
