#include "broker/partition/partition_decisions.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "tests/broker/partition/partition_bench.h"

namespace qalam {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr const char* kTrace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

class PartitionDecisionsTest : public testing::Test {
 protected:
  PartitionDecisionsTest() { bench_.clock.Advance(std::chrono::seconds(100)); }

  AppendCommand Command(const PartitionBench::BatchOptions& options) {
    AppendCommand command = bench_.Command(handle_, options);
    command.origin = std::make_shared<const Origin>("billing", "grpc", "ipv4:127.0.0.1:5");
    command.received_at = bench_.clock.Now();
    command.checked_at = bench_.clock.Now() + microseconds(7);
    return command;
  }
  template <typename T>
  std::vector<T> Entries(EntryKind kind) const {
    const EntryRing& entries = kind == EntryKind::kRefusal || kind == EntryKind::kText
                                   ? ring_.refusals()
                                   : ring_.decisions();
    std::vector<T> found;
    RingEntry entry;
    for (std::uint64_t at = 0; at < entries.end(); ++at) {
      if (entries.Read(at, entry) && KindOf(entry) == kind) found.push_back(FromEntry<T>(entry));
    }
    return found;
  }

  DecisionRing ring_{4, 17, RingShape::Of(0)};
  PartitionBench bench_{1000, &ring_};
  std::shared_ptr<PartitionHandle> handle_ = bench_.MakeUsed("orders");
  const std::size_t batches_before_ = Entries<BatchDecision>(EntryKind::kBatch).size();
  const std::size_t groups_before_ = Entries<GroupDecision>(EntryKind::kGroup).size();
};

TEST_F(PartitionDecisionsTest, ABatchIsEnteredWhenItIsWrittenAndItsGroupWhenItIsAcknowledged) {
  AppendCommand command = Command({3, 10, 9, 2, 0});
  command.expected_offset = 1;
  const auto bytes = command.batch.size();
  const auto answer = bench_.Submit(std::move(command));
  bench_.clock.Advance(milliseconds(2));
  bench_.Turn();
  auto batches = Entries<BatchDecision>(EntryKind::kBatch);
  ASSERT_EQ(batches.size(), batches_before_ + 1);
  const BatchDecision& batch = batches.back();
  EXPECT_EQ(batch.head.writer, 4);
  EXPECT_EQ(batch.head.run, 17u);
  EXPECT_EQ(batch.head.topic_id, handle_->topic_id.bytes);
  EXPECT_EQ(batch.base_offset, 1);
  EXPECT_EQ(batch.last_offset_delta, 2);
  EXPECT_EQ(batch.leader_epoch, PartitionBench::kEpoch);
  EXPECT_EQ(batch.producer_id, 9);
  EXPECT_EQ(batch.producer_epoch, 2);
  EXPECT_EQ(batch.base_sequence, 0);
  EXPECT_EQ(batch.expected_offset, 1);
  EXPECT_EQ(batch.bytes, bytes);
  EXPECT_EQ(batch.check_ns, 7'000u);
  EXPECT_EQ(batch.queue_ns, 2'000'000 - 7'000);
  EXPECT_EQ(batch.head.flags, 0);
  ASSERT_TRUE(ring_.origins().Find(batch.head.origin));
  EXPECT_EQ(ring_.origins().Find(batch.head.origin)->client(), "billing");
  EXPECT_EQ(Entries<GroupDecision>(EntryKind::kGroup).size(), groups_before_);
  EXPECT_FALSE(answer->has_value());

  bench_.Sync();
  bench_.clock.Advance(milliseconds(5));
  bench_.Turn();
  ASSERT_TRUE(answer->has_value());
  const auto groups = Entries<GroupDecision>(EntryKind::kGroup);
  ASSERT_EQ(groups.size(), groups_before_ + 1);
  const GroupDecision& group = groups.back();
  EXPECT_EQ(group.number, batch.group);
  EXPECT_EQ(group.batches, 1);
  EXPECT_EQ(group.bytes, static_cast<std::int64_t>(bytes));
  EXPECT_EQ(group.sync_ns, 5'000'000);
  EXPECT_EQ(group.acknowledged_ns, bench_.clock.Now().count());
  EXPECT_EQ(group.acknowledged_ms, bench_.clock.NowMs());
  EXPECT_EQ(static_cast<Durability>(group.head.code), Durability::kFsync);
  EXPECT_EQ(static_cast<GroupClosed>(group.head.flags), GroupClosed::kQueueEmpty);
}

TEST_F(PartitionDecisionsTest, AGroupHoldsManyAndTheRestIsAnotherGroups) {
  const auto first = bench_.Submit(Command({1, 10, 9, 0, 0}));
  const auto second = bench_.Submit(Command({1, 10, 9, 0, 1}));
  const auto again = bench_.Submit(Command({1, 10, 9, 0, 1}));  // Judged once the two are written.
  bench_.Settle();
  const auto groups = Entries<GroupDecision>(EntryKind::kGroup);
  ASSERT_EQ(groups.size(), groups_before_ + 1);
  EXPECT_EQ(groups.back().batches, 2);
  EXPECT_EQ(static_cast<GroupClosed>(groups.back().head.flags), GroupClosed::kSequence);
  const auto duplicates = Entries<BatchDecision>(EntryKind::kDuplicate);
  ASSERT_EQ(duplicates.size(), 1u);
  EXPECT_EQ(duplicates[0].base_offset, 2);
  EXPECT_TRUE((**again)->duplicate);
}

TEST_F(PartitionDecisionsTest, ARefusalSaysWhyAndWhereTheLogEnded) {
  bench_.Submit(Command({}));
  AppendCommand command = Command({});
  command.expected_offset = 1;  // It was, before the first of the same group.
  bench_.Submit(std::move(command));
  AppendCommand broken = Command({});
  broken.refused = Error(ErrorCode::kCorruptBatch, "its CRC is wrong");
  bench_.Submit(std::move(broken));
  bench_.Settle();
  const auto refusals = Entries<RefusalDecision>(EntryKind::kRefusal);
  ASSERT_EQ(refusals.size(), 2u);
  EXPECT_EQ(static_cast<ErrorCode>(refusals[0].head.code), ErrorCode::kUnexpectedOffset);
  EXPECT_EQ(refusals[0].expected_offset, 1);
  EXPECT_EQ(refusals[0].log_end_offset, 2);
  EXPECT_EQ(refusals[0].records, 1);
  EXPECT_EQ(static_cast<ErrorCode>(refusals[1].head.code), ErrorCode::kCorruptBatch);
  const auto texts = Entries<TextDecision>(EntryKind::kText);
  ASSERT_EQ(texts.size(), 1u);
  EXPECT_EQ(std::string(texts[0].text.data(), texts[0].bytes), "its CRC is wrong");
}

TEST_F(PartitionDecisionsTest, WithoutASyncAGroupIsAcknowledgedAtOnce) {
  const auto relaxed = bench_.MakeUsed("relaxed", PartitionBench::Settings(FlushMode::kOs));
  AppendCommand command = Command({});
  command.partition = relaxed;
  bench_.Submit(std::move(command));
  bench_.Turn();
  const auto groups = Entries<GroupDecision>(EntryKind::kGroup);
  EXPECT_EQ(static_cast<Durability>(groups.back().head.code), Durability::kOs);
  EXPECT_EQ(groups.back().sync_ns, -1);
}

TEST_F(PartitionDecisionsTest, WhoIsAnsweredAtOnceAndWhichTraceItIsOfAreKept) {
  AppendCommand command = Command({});
  command.trace = std::make_unique<const TraceParent>(*TraceParent::Parse(kTrace));
  ASSERT_TRUE(bench_.writer->TryPost(command));  // Without a reply.
  bench_.Settle();
  const auto batch = Entries<BatchDecision>(EntryKind::kBatch).back();
  EXPECT_NE(batch.head.flags & BatchDecision::kAnsweredAtOnce, 0);
  ASSERT_TRUE(TraceOf(batch));
  EXPECT_EQ(TraceOf(batch)->ToString(), kTrace);
}

TEST_F(PartitionDecisionsTest, ReadsAreTakenOverWithTheNextGroup) {
  handle_->read_mark.Note(0, 1, bench_.clock);
  const auto at = bench_.clock.Now();
  bench_.clock.Advance(milliseconds(30));
  EXPECT_TRUE(Entries<ReadDecision>(EntryKind::kRead).empty());
  bench_.Submit(Command({}));
  bench_.Settle();
  const auto reads = Entries<ReadDecision>(EntryKind::kRead);
  ASSERT_EQ(reads.size(), 1u);
  EXPECT_EQ(reads[0].from, 0);
  EXPECT_EQ(reads[0].to, 1);
  EXPECT_EQ(reads[0].at_ns, at.count());
  EXPECT_EQ(reads[0].at_ms, bench_.clock.NowMs() - 30);
}

}  // namespace
}  // namespace qalam
