// An idempotent producer (client/produce_state) against the writer's rules (broker/partition/
// group_commit), with a broken stream whose batches reach the broker late: they were in the
// network, or waited for room, when the client gave that stream up and opened the next.
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "broker/log/producer_state.h"
#include "broker/partition/group_commit.h"
#include "client/produce_state.h"
#include "common/record/batch_view.h"

namespace qalam {
namespace {

using std::chrono::seconds;

class LateStreamTest : public ::testing::Test {
 protected:
  struct Stream {
    std::shared_ptr<StreamState> state;
    std::shared_ptr<const Origin> origin;
  };
  struct Message {
    abi0::ProduceMessage message;
    Bytes bytes;
  };

  void Enqueue(const std::string& name, seconds timeout) {
    auto batch = std::make_unique<abi0::PendingBatch>();
    batch->delivery = std::make_shared<abi0::DeliveryState>();
    batch->buffer = std::make_shared<abi0::BatchBuffer>();
    batch->buffer->builder().Add(0, std::nullopt, AsBytes(name));
    batch->records_count = 1;
    batch->opened_at = now_;
    batch->deadline = now_ + timeout;
    names_[batch->delivery.get()] = name;
    client_.Enqueue(std::move(batch));
  }
  std::vector<Message> Sent() {
    now_ = std::max(now_, client_.retry_at());
    std::vector<Message> sent;
    while (auto message = client_.NextMessage(now_)) {
      Bytes bytes(message->batch.begin(), message->batch.end());
      sent.push_back({std::move(*message), std::move(bytes)});
    }
    return sent;
  }
  Stream NewStream() {
    return {std::make_shared<StreamState>(),
            std::make_shared<const Origin>(Origin{"", "", "", ++streams_count_})};
  }
  // The broker reads it; the answer, if the stream is not gone, goes back.
  void Deliver(const Message& sent, const Stream& stream, std::uint64_t generation, bool answered) {
    if (sent.message.kind != abi0::ProduceMessage::Kind::kBatch) return;
    AppendCommand command;
    command.batch = SharedSlice::Own(Bytes(sent.bytes));
    command.header = BatchHeader::Decode(command.batch.view());
    command.stream = stream.state;
    command.origin = stream.origin;
    command.generation = generation;
    std::deque<AppendCommand> queued;
    queued.push_back(std::move(command));
    GroupRules rules{partition_, producers_, fence_};
    rules.end_offset = static_cast<Offset>(log_.size());
    rules.leader_epoch = 0;
    rules.bytes_max = 1 << 20;
    AppendGroup group = FormGroup(queued, rules);
    abi0::BatchAnswer answer;
    answer.batch_id = sent.message.batch_id;
    if (!group.refused.empty()) {
      const ErrorCode code = group.refused.front().error.code();
      answer.error = abi0::Error(std::string(InfoOf(code).word), "refused");
    } else {
      answer.base_offset = group.entries.front().result.base_offset;
      for (const StampedBatch& batch : group.Batches()) {
        producers_.OnAppended(batch.header);
        RecordCursor records(batch.header, batch.records);
        log_.emplace_back(AsText(*records.Next().value()->value));
      }
    }
    if (!answered) return;
    EXPECT_TRUE(client_.OnAnswer(std::move(answer), now_, verdicts_));
  }
  std::string Verdicts() {
    std::string text;
    for (const abi0::Verdict& verdict : verdicts_) {
      text += names_[verdict.delivery.get()] + "=" +
              (verdict.report.ok() ? "ok" : verdict.report.error().code()) + " ";
    }
    return text;
  }

  abi0::TimePoint now_{seconds(1000)};
  abi0::ProduceState client_{abi0::ProduceStateOptions{}};
  std::vector<abi0::Verdict> verdicts_;
  std::map<const abi0::DeliveryState*, std::string> names_;
  const TopicPartition partition_{"orders", 0};
  ProducerState producers_;
  StreamFence fence_;
  std::uint64_t streams_count_ = 0;
  std::vector<std::string> log_;
};

TEST_F(LateStreamTest, WhatABrokenStreamStillDeliversIsNotWrittenTwice) {
  ASSERT_TRUE(client_.TakeIdentityRequest());
  client_.OnIdentity({1, 0});
  const Stream first = NewStream();
  client_.OnStreamOpen();
  Enqueue("zero", seconds(120));
  for (const Message& message : Sent()) Deliver(message, first, 1, true);
  Enqueue("a", seconds(10));
  Enqueue("b", seconds(120));
  const std::vector<Message> late = Sent();
  ASSERT_EQ(late.size(), 2u);

  now_ += seconds(11);
  client_.Expire(now_, verdicts_);  // "a" is given up.
  client_.OnStreamBroken(abi0::Error("UNREACHABLE", "no sign of life"), false, now_, verdicts_);

  const Stream second = NewStream();
  client_.OnStreamOpen();
  for (const Message& message : Sent()) Deliver(message, second, 1, true);  // A gap: refused.
  ASSERT_TRUE(client_.TakeIdentityRequest());
  client_.OnIdentity({2, 0});
  for (const Message& message : Sent()) Deliver(message, second, 2, true);
  EXPECT_EQ(Verdicts(), "zero=ok a=AMBIGUOUS b=ok ");

  for (const Message& message : late) Deliver(message, first, 1, false);
  EXPECT_EQ(std::count(log_.begin(), log_.end(), "b"), 1) << "acknowledged once, in the log twice";
}

}  // namespace
}  // namespace qalam
