#include "broker/api/story_search.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <random>
#include <string>

#include "broker/api/story_text.h"

namespace qalam {
namespace {

constexpr std::int64_t kMs = 1'000'000;

class StorySearchTest : public testing::Test {
 protected:
  StorySearchTest() {
    for (int i = 0; i < 2; ++i) {
      rings_.push_back(std::make_unique<DecisionRing>(i, 50, RingShape::Of(64 << 10)));
    }
    question_.partition = {"orders", 3};
    question_.topic_id.bytes[0] = 7;
    question_.now_ms = 1'000'000;
    question_.now = MonotonicTime(500'000 * kMs);
  }
  EntryHead Head(EntryKind kind, int ring = 0) {
    EntryHead head;
    head.kind = kind;
    head.writer = rings_[ring]->writer();
    head.run = rings_[ring]->run();
    head.topic_id = question_.topic_id.bytes;
    head.partition = 3;
    head.origin = rings_[ring]->Intern(OriginLabel("billing", "grpc", "ipv4:127.0.0.1:5"));
    return head;
  }
  // Ten records from `base`, received at `ms` since boot.
  BatchDecision Batch(Offset base, std::uint64_t group, std::int64_t ms, int ring = 0) {
    BatchDecision batch;
    batch.head = Head(EntryKind::kBatch, ring);
    batch.received_ns = ms * kMs;
    batch.check_ns = 6'000;
    batch.queue_ns = 41'000;
    batch.bytes = 1000;
    batch.base_offset = base;
    batch.last_offset_delta = 9;
    batch.leader_epoch = 3;
    batch.producer_id = 17;
    batch.base_sequence = 240;
    batch.expected_offset = base;
    batch.group = group;
    return batch;
  }
  GroupDecision Group(std::uint64_t number, std::int64_t acknowledged_ms, int ring = 0) {
    GroupDecision group;
    group.head = Head(EntryKind::kGroup, ring);
    group.head.code = static_cast<std::uint8_t>(Durability::kFsync);
    group.number = number;
    group.batches = 2;
    group.bytes = 2000;
    group.write_ns = 38'000;
    group.sync_ns = 412'000;
    group.acknowledged_ns = acknowledged_ms * kMs;
    group.acknowledged_ms = 800'000;
    return group;
  }
  std::optional<BatchStory> Find(Offset offset) { return FindBatch(rings_, question_, offset); }

  DecisionRingList rings_;
  StoryQuestion question_;
};

TEST_F(StorySearchTest, ABatchWithItsGroupItsRepetitionsAndItsFirstRead) {
  DecisionRing& ring = *rings_[0];
  ring.Add(Batch(100, 1, 5000));
  ring.Add(Batch(110, 1, 5001));
  ring.Add(Group(1, 5010));
  auto again = Batch(110, 0, 5020);
  again.head.kind = EntryKind::kDuplicate;
  ring.Add(again);
  ring.Add(again);
  ReadDecision read;
  read.head = Head(EntryKind::kRead);
  read.from = 100;
  read.to = 111;
  read.at_ns = 5030 * kMs;
  ring.Add(read);
  read.at_ns = 5040 * kMs;  // A later one is not the first.
  ring.Add(read);

  const auto story = Find(115);
  ASSERT_TRUE(story);
  EXPECT_EQ(story->base_offset, 110);
  EXPECT_EQ(story->last_offset, 119);
  EXPECT_EQ(story->sender.client_id, "billing");
  EXPECT_EQ(story->total_ns, 9 * kMs);
  EXPECT_EQ(story->received_ms, 800'000 - 9);
  EXPECT_EQ(story->durability, Durability::kFsync);
  ASSERT_TRUE(story->group);
  EXPECT_EQ(story->group->number, 1u);
  EXPECT_EQ(story->group->sync_ns, 412'000);
  EXPECT_EQ(story->duplicates, 2);
  EXPECT_EQ(story->first_read_ns, 20 * kMs);
  EXPECT_EQ(Find(105)->duplicates, 0);
  EXPECT_FALSE(Find(99));
  EXPECT_FALSE(Find(120));
}

TEST_F(StorySearchTest, WhatIsOfAnotherPartitionOrTopicIsNotTold) {
  auto batch = Batch(0, 1, 5000);
  batch.head.partition = 4;
  rings_[0]->Add(batch);
  batch = Batch(0, 1, 5000);
  batch.head.topic_id[0] = 8;  // Of that name before it was deleted.
  rings_[0]->Add(batch);
  EXPECT_FALSE(Find(5));
}

TEST_F(StorySearchTest, OfTwoBatchesWithAnOffsetTheNewestIsTold) {
  rings_[0]->Add(Batch(0, 1, 5000));
  auto newer = Batch(0, 1, 6000, 1);
  newer.producer_id = 99;
  rings_[1]->Add(newer);
  EXPECT_EQ(Find(5)->producer_id, 99);
}

TEST_F(StorySearchTest, BeforeItsAcknowledgementABatchHasNoGroup) {
  rings_[0]->Add(Batch(0, 2, 499'000));
  rings_[0]->Add(Group(1, 499'500));
  const auto story = Find(5);
  EXPECT_FALSE(story->group);
  EXPECT_FALSE(story->durability);
  EXPECT_EQ(story->total_ns, -1);
  EXPECT_EQ(story->received_ms, 1'000'000 - 1000);
}

TEST_F(StorySearchTest, WhoWantedNoAnswerGotOneAtOnce) {
  auto batch = Batch(0, 1, 5000);
  batch.head.flags = BatchDecision::kAnsweredAtOnce;
  rings_[0]->Add(batch);
  rings_[0]->Add(Group(1, 5010));
  EXPECT_EQ(Find(5)->durability, Durability::kMemory);
  EXPECT_EQ(Find(5)->total_ns, 10 * kMs);
}

TEST_F(StorySearchTest, AReadNobodyTookOverYetIsTold) {
  rings_[0]->Add(Batch(0, 1, 5000));
  rings_[0]->Add(Group(1, 5010));
  EXPECT_EQ(Find(5)->first_read_ns, -1);
  question_.unread_mark = ReadMark::Range{0, 10, MonotonicTime(5012 * kMs)};
  EXPECT_EQ(Find(5)->first_read_ns, 2 * kMs);
}

TEST_F(StorySearchTest, ReadsOfAnotherRunAreToldByTheWallClock) {
  rings_[0]->Add(Batch(0, 1, 5000));
  rings_[0]->Add(Group(1, 5010));
  ReadDecision read;
  read.head = Head(EntryKind::kRead);
  read.head.run = 51;  // After another boot, with a clock that began anew.
  read.to = 10;
  read.at_ns = 3 * kMs;
  read.at_ms = 800'000 + 7;
  rings_[0]->Add(read);
  EXPECT_EQ(Find(5)->first_read_ns, 7 * kMs);
}

TEST_F(StorySearchTest, RefusalsOfAllRingsNewestFirstWithTheirMessages) {
  const auto add = [this](int ring, std::int64_t at_ms, ErrorCode code, const std::string& text) {
    RefusalDecision refusal;
    refusal.head = Head(EntryKind::kRefusal, ring);
    refusal.head.code = static_cast<std::uint8_t>(code);
    refusal.at_ms = at_ms;
    refusal.log_end_offset = 42;
    refusal.expected_offset = 40;
    rings_[ring]->Add(refusal, text);
  };
  rings_[0]->SetWholeSince(5);
  add(0, 10, ErrorCode::kCorruptBatch, std::string(130, 'a') + std::string(100, 'b'));
  add(1, 20, ErrorCode::kUnexpectedOffset, "");
  add(0, 30, ErrorCode::kOutOfOrderSequence, "a gap\nof 3");
  const RefusalList list = FindRefusals(rings_, question_, 10);
  ASSERT_EQ(list.refusals.size(), 3u);
  EXPECT_EQ(list.complete_since_ms, 5);
  EXPECT_EQ(list.refusals[0].message, "a gap\\x0aof 3");
  EXPECT_EQ(list.refusals[1].message, "orders-3 ends at offset 42, not at 40");
  EXPECT_EQ(list.refusals[2].code, ErrorCode::kCorruptBatch);
  EXPECT_EQ(list.refusals[2].message, std::string(130, 'a') + std::string(100, 'b'));
  EXPECT_EQ(FindRefusals(rings_, question_, 2).refusals.size(), 2u);
}

// Whatever a damaged file brings: an answer, or none.
TEST_F(StorySearchTest, AnyNumbersGiveAnAnswer) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 2000; ++round) {
    RingEntry entry;
    for (auto& word : entry.words) word = random() % 3 == 0 ? ~std::uint64_t{0} >> 1 : random();
    auto head = FromEntry<BatchDecision>(entry).head;
    const auto run = head.run;
    const auto flags = head.flags;
    const auto code = head.code;
    head = Head(static_cast<EntryKind>(1 + random() % 4));
    head.run = run;
    head.flags = flags;
    head.code = code;
    auto batch = FromEntry<BatchDecision>(entry);
    batch.head = head;
    if (random() % 2 == 0) {
      batch.base_offset = 5;
      batch.last_offset_delta = 0;
      batch.group = 1;
    }
    if (head.kind == EntryKind::kGroup) {
      auto group = FromEntry<GroupDecision>(ToEntry(batch));
      group.number = 1;
      rings_[0]->Restore(ToEntry(group));
    } else {
      rings_[0]->Restore(ToEntry(batch));
    }
    if (auto story = Find(5)) {
      (void)StoryLines({question_.partition, 5, *std::move(story), {}});
    }
  }
}

TEST_F(StorySearchTest, TheLinesSayItInOrder) {
  rings_[0]->Add(Batch(100, 1, 5000));
  rings_[0]->Add(Group(1, 5010));
  const auto lines = StoryLines({question_.partition, 104, *Find(104), {}});
  ASSERT_EQ(lines.size(), 8u);
  EXPECT_EQ(lines[0],
            "record    orders:3@104, 5 of 10 in the batch 100 to 109, 1000 B, leader epoch 3");
  EXPECT_EQ(
      lines[1],
      "received  1970-01-01 00:13:19.990 UTC from client billing over grpc, ipv4:127.0.0.1:5");
  EXPECT_EQ(lines[2], "checked   in 6.00 us, then waited 41.0 us");
  EXPECT_EQ(lines[3],
            "accepted  as the next of producer 17, epoch 0: sequence 240; the log ended at 100, as "
            "expected");
  EXPECT_EQ(lines[4],
            "written   by writer 0 in group 1 of 2 batches (2000 B), closed because nothing else "
            "waited");
  EXPECT_EQ(lines[5], "took      write 38.0 us, sync 412 us");
  EXPECT_EQ(lines[6], "answered  10.0 ms after it was received, durability fsync");
  EXPECT_EQ(lines[7], "read      not yet, as far as is known");
}

}  // namespace
}  // namespace qalam
