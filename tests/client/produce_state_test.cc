#include "client/produce_state.h"

#include <gtest/gtest.h>

#include <string>

#include "common/record/batch_view.h"

namespace qalam::abi0 {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const TimePoint kStart{seconds(1000)};

Error Word(const std::string& word) { return {word, "said the test"}; }

// One ProduceState and the broker's side of its stream, by hand.
class ProduceStateTest : public ::testing::Test {
 protected:
  void Make(ProduceStateOptions options = {}) {
    options.retry = {milliseconds(10), milliseconds(10)};
    state_.emplace(options);
    if (options.idempotent) {
      EXPECT_TRUE(state_->TakeIdentityRequest());
      state_->OnIdentity({1, 0});
    }
    Open();
  }
  void Open() {
    now_ = std::max(now_, state_->retry_at());
    state_->OnStreamOpen();
    EXPECT_EQ(state_->NextMessage(now_)->kind, ProduceMessage::Kind::kOpen);
  }
  // A batch of `count` records; its name is their value.
  void Enqueue(const std::string& name, int count = 1) {
    auto batch = std::make_unique<PendingBatch>();
    batch->delivery = std::make_shared<DeliveryState>();
    batch->buffer = std::make_shared<BatchBuffer>();
    for (int i = 0; i < count; ++i) batch->buffer->builder().Add(0, std::nullopt, AsBytes(name));
    batch->records_count = count;
    batch->opened_at = now_;
    batch->deadline = now_ + seconds(30);
    names_[batch->delivery.get()] = name;
    state_->Enqueue(std::move(batch));
  }
  struct Sent {
    std::uint64_t id = 0;
    std::string name;
    std::int64_t producer = -1;
    std::int32_t sequence = -1;
  };
  // Everything that can be written now, as text: "restart", "a/0" (name and sequence), "a/2@1".
  std::string SendAll() {
    std::string text;
    while (const auto message = state_->NextMessage(now_)) {
      if (!text.empty()) text += " ";
      if (message->kind == ProduceMessage::Kind::kRestart) {
        text += "restart";
        continue;
      }
      BatchCursor batches(message->batch);
      const BatchSpan span = *batches.Next().value();
      EXPECT_TRUE(CheckBatchCrc(span.bytes).ok());
      RecordCursor records(span.header, span.records());
      Sent sent;
      sent.id = message->batch_id;
      sent.name = std::string(AsText(*records.Next().value()->value));
      sent.producer = span.header.producer_id;
      sent.sequence = span.header.base_sequence;
      text += sent.name + "/" + std::to_string(sent.sequence);
      if (sent.producer > 1) text += "@" + std::to_string(sent.producer);
      sent_.push_back(sent);
    }
    return text;
  }
  void Accept(std::uint64_t id, std::int64_t offset = 100, bool duplicate = false) {
    BatchAnswer answer;
    answer.batch_id = id;
    answer.base_offset = offset;
    answer.durability = Durability::kFsync;
    answer.duplicate = duplicate;
    EXPECT_TRUE(state_->OnAnswer(answer, now_, verdicts_));
  }
  void Refuse(std::uint64_t id, const std::string& word) {
    BatchAnswer answer;
    answer.batch_id = id;
    answer.error = Word(word);
    EXPECT_TRUE(state_->OnAnswer(answer, now_, verdicts_));
  }
  void Break(const std::string& word = "UNREACHABLE", bool from_broker = false) {
    state_->OnStreamBroken(Word(word), from_broker, now_, verdicts_);
  }
  // And forgets them: "a=ok b=AMBIGUOUS".
  std::string Verdicts() {
    std::string text;
    for (const Verdict& verdict : verdicts_) {
      if (!text.empty()) text += " ";
      text += names_[verdict.delivery.get()] + "=" +
              (verdict.report.ok() ? "ok" : verdict.report.error().code());
    }
    verdicts_.clear();
    return text;
  }
  std::uint64_t IdOf(const std::string& name) const {  // Of its last attempt.
    for (auto it = sent_.rbegin(); it != sent_.rend(); ++it) {
      if (it->name == name) return it->id;
    }
    return 0;
  }
  void Wait() { now_ = std::max(now_, state_->retry_at()); }

  TimePoint now_ = kStart;
  std::optional<ProduceState> state_;
  std::vector<Verdict> verdicts_;
  std::vector<Sent> sent_;
  std::map<const DeliveryState*, std::string> names_;
};

TEST_F(ProduceStateTest, NumbersBatchesAndGivesVerdictsInOrder) {
  Make();
  Enqueue("a", 3);
  Enqueue("b", 2);
  Enqueue("c");
  EXPECT_EQ(SendAll(), "a/0 b/3 c/5");
  Accept(IdOf("a"));
  Accept(IdOf("b"), 103);
  EXPECT_EQ(verdicts_[1].report.base_offset, 103);
  EXPECT_EQ(verdicts_[1].report.durability, Durability::kFsync);
  EXPECT_EQ(Verdicts(), "a=ok b=ok");
  EXPECT_FALSE(state_->empty());
}

TEST_F(ProduceStateTest, WaitsForAnIdentityBeforeTheFirstBatch) {
  state_.emplace(ProduceStateOptions{});
  Open();
  Enqueue("a");
  EXPECT_EQ(SendAll(), "");
  EXPECT_TRUE(state_->TakeIdentityRequest());
  EXPECT_FALSE(state_->TakeIdentityRequest());
  state_->OnIdentity({1, 0});
  EXPECT_EQ(SendAll(), "a/0");
}

TEST_F(ProduceStateTest, KeepsNoMoreInFlightThanAllowed) {
  ProduceStateOptions options;
  options.in_flight_max = 2;
  Make(options);
  Enqueue("a");
  Enqueue("b");
  Enqueue("c");
  EXPECT_EQ(SendAll(), "a/0 b/1");
  Accept(IdOf("a"));
  EXPECT_EQ(SendAll(), "c/2");
}

TEST_F(ProduceStateTest, SendsOneByOneWithoutIdempotenceWhenItRetries) {
  ProduceStateOptions options;
  options.idempotent = false;
  Make(options);
  Enqueue("a");
  Enqueue("b");
  EXPECT_EQ(SendAll(), "a/-1");
  Break();
  Open();
  EXPECT_EQ(SendAll(), "a/-1");
  Accept(IdOf("a"));
  EXPECT_EQ(SendAll(), "b/-1");
}

TEST_F(ProduceStateTest, WithoutRetriesALostStreamMakesBatchesAmbiguous) {
  ProduceStateOptions options;
  options.idempotent = false;
  options.retry_ambiguous = false;
  Make(options);
  Enqueue("a");
  Enqueue("b");
  EXPECT_EQ(SendAll(), "a/-1 b/-1");
  Enqueue("c");
  Break();
  EXPECT_EQ(Verdicts(), "a=AMBIGUOUS b=AMBIGUOUS");
  Open();
  EXPECT_EQ(SendAll(), "c/-1");
}

TEST_F(ProduceStateTest, ResendsEverythingUnansweredWithTheSameSequenceAfterALostStream) {
  Make();
  Enqueue("a");
  Enqueue("b", 4);
  Enqueue("c");
  EXPECT_EQ(SendAll(), "a/0 b/1 c/5");
  Accept(IdOf("a"));
  Break();
  EXPECT_FALSE(state_->NextMessage(now_).has_value());
  Enqueue("d");
  Open();
  EXPECT_EQ(SendAll(), "b/1 c/5 d/6");
  Accept(IdOf("b"), 101, true);
  EXPECT_TRUE(verdicts_.back().report.duplicate);
  EXPECT_EQ(verdicts_.back().report.attempts, 2);
  EXPECT_EQ(Verdicts(), "a=ok b=ok");
  EXPECT_EQ(state_->resent_count(), 2u);
}

TEST_F(ProduceStateTest, AfterARefusalThatMayPassItRestartsAndSendsAllAgain) {
  Make();
  Enqueue("a");
  Enqueue("b");
  EXPECT_EQ(SendAll(), "a/0 b/1");
  const std::uint64_t old_b = IdOf("b");
  Refuse(IdOf("a"), "NO_SPACE");
  EXPECT_EQ(SendAll(), "");  // Backs off first.
  Refuse(old_b, "PRECEDING_FAILED");
  Wait();
  EXPECT_EQ(SendAll(), "restart a/0 b/1");
  Accept(IdOf("a"));
  Accept(IdOf("b"));
  EXPECT_EQ(Verdicts(), "a=ok b=ok");
}

TEST_F(ProduceStateTest, ARefusedBatchTakesNoSequenceSoTheNextMovesUp) {
  Make();
  Enqueue("a");
  Enqueue("bad", 3);
  Enqueue("c");
  EXPECT_EQ(SendAll(), "a/0 bad/1 c/4");
  const std::uint64_t old_c = IdOf("c");
  Accept(IdOf("a"));
  Refuse(IdOf("bad"), "UNEXPECTED_OFFSET");
  EXPECT_EQ(Verdicts(), "a=ok bad=UNEXPECTED_OFFSET");
  EXPECT_EQ(SendAll(), "restart c/1");
  Refuse(old_c,
         "PRECEDING_FAILED");  // The answer to the attempt before the restart changes nothing.
  Accept(IdOf("c"));
  EXPECT_EQ(Verdicts(), "c=ok");
}

TEST_F(ProduceStateTest, AnUncertainRefusalLeavesItsSequenceUsed) {
  Make();
  Enqueue("a");
  Enqueue("b");
  EXPECT_EQ(SendAll(), "a/0 b/1");
  Refuse(IdOf("a"), "AMBIGUOUS");
  EXPECT_EQ(Verdicts(), "a=AMBIGUOUS");
  EXPECT_EQ(SendAll(), "restart b/1");
}

TEST_F(ProduceStateTest, ABatchRefusedForItsBytesOnARetryIsAmbiguous) {
  Make();
  Enqueue("a");
  Enqueue("b");
  EXPECT_EQ(SendAll(), "a/0 b/1");
  Break();
  Open();
  EXPECT_EQ(SendAll(), "a/0 b/1");
  Refuse(IdOf("a"), "INVALID_TIMESTAMP");  // Found before the broker looks for duplicates.
  EXPECT_EQ(Verdicts(), "a=AMBIGUOUS");
  EXPECT_EQ(SendAll(), "restart b/1");
}

TEST_F(ProduceStateTest, AnUnknownProducerGetsANewIdentityAndReportsWhatIsAmbiguous) {
  Make();
  Enqueue("z");
  EXPECT_EQ(SendAll(), "z/0");
  Accept(IdOf("z"));
  Enqueue("a");
  Enqueue("b");
  EXPECT_EQ(SendAll(), "a/1 b/2");
  Break();
  Enqueue("c");
  Open();
  EXPECT_EQ(SendAll(), "a/1 b/2 c/3");
  Refuse(IdOf("a"), "UNKNOWN_PRODUCER");
  EXPECT_EQ(Verdicts(), "z=ok a=AMBIGUOUS b=AMBIGUOUS");
  EXPECT_TRUE(state_->TakeIdentityRequest());
  state_->OnIdentity({2, 0});
  EXPECT_EQ(SendAll(), "restart c/0@2");  // c was never on a lost stream: certainly not written.
}

TEST_F(ProduceStateTest, AGapMeansNotWrittenSoEverythingGoesAgainUnderANewIdentity) {
  Make();
  Enqueue("z");
  EXPECT_EQ(SendAll(), "z/0");
  Accept(IdOf("z"));
  Enqueue("a");
  Enqueue("b");
  EXPECT_EQ(SendAll(), "a/1 b/2");
  Break();
  Open();
  EXPECT_EQ(SendAll(), "a/1 b/2");
  Refuse(IdOf("a"), "OUT_OF_ORDER_SEQUENCE");
  EXPECT_EQ(Verdicts(), "z=ok");
  EXPECT_TRUE(state_->TakeIdentityRequest());
  state_->OnIdentity({2, 0});
  EXPECT_EQ(SendAll(), "restart a/0@2 b/1@2");
}

TEST_F(ProduceStateTest, AGapAtSequenceZeroIsTheBrokersLastWord) {
  Make();
  Enqueue("a");
  EXPECT_EQ(SendAll(), "a/0");
  Refuse(IdOf("a"), "OUT_OF_ORDER_SEQUENCE");
  EXPECT_EQ(Verdicts(), "a=OUT_OF_ORDER_SEQUENCE");
}

TEST_F(ProduceStateTest, TheDeadlineSplitsIntoTimedOutAndAmbiguous) {
  Make();
  Enqueue("a");
  EXPECT_EQ(SendAll(), "a/0");
  Break();
  Enqueue("b");
  now_ += seconds(30);
  state_->Expire(now_, verdicts_);
  EXPECT_EQ(verdicts_[1].report.error().details().at("cause"), "UNREACHABLE");
  EXPECT_EQ(Verdicts(), "a=AMBIGUOUS b=TIMED_OUT");
  EXPECT_TRUE(state_->empty());
  EXPECT_EQ(state_->next_deadline(), TimePoint::max());
}

TEST_F(ProduceStateTest, AnAttemptThatNobodyAnsweredNamesTheRefusalBeforeIt) {
  Make();
  Enqueue("a");
  EXPECT_EQ(SendAll(), "a/0");
  Refuse(IdOf("a"), "NO_SPACE");
  now_ += seconds(5);
  EXPECT_EQ(SendAll(), "restart a/0");
  now_ += seconds(30);
  state_->Expire(now_, verdicts_);
  const Error error = verdicts_[0].report.error();
  EXPECT_EQ(error.code(), "AMBIGUOUS");
  EXPECT_EQ(error.details().at("cause"), "NO_SPACE");
  EXPECT_NE(error.message().find("NO_SPACE"), std::string::npos);
  EXPECT_NE(error.hint().find(Error("NO_SPACE", "").hint()), std::string::npos);
  EXPECT_NE(error.hint().find(Error("AMBIGUOUS", "").hint()), std::string::npos);
  EXPECT_FALSE(error.retriable());
}

TEST_F(ProduceStateTest, ATimeOutSaysWhatToDoAboutItsCause) {
  Make();
  Enqueue("a");
  EXPECT_EQ(SendAll(), "a/0");
  Refuse(IdOf("a"), "NO_SPACE");
  now_ += seconds(30);
  state_->Expire(now_, verdicts_);
  const Error error = verdicts_[0].report.error();
  EXPECT_EQ(error.code(), "TIMED_OUT");
  EXPECT_EQ(error.details().at("cause"), "NO_SPACE");
  EXPECT_NE(error.message().find("NO_SPACE"), std::string::npos);
  EXPECT_EQ(error.hint(), Error("NO_SPACE", "").hint());
  EXPECT_TRUE(error.retriable());
}

TEST_F(ProduceStateTest, AMessageThatTheTransportRefusesIsNotSentAgain) {
  Make();
  Enqueue("a");
  EXPECT_EQ(SendAll(), "a/0");
  state_->OnStreamBroken(Word("MESSAGE_TOO_LARGE"), false, now_, verdicts_);
  EXPECT_EQ(Verdicts(), "a=MESSAGE_TOO_LARGE");
  EXPECT_TRUE(state_->empty());
}

TEST_F(ProduceStateTest, AnAnswerAfterTheDeadlineKeepsTheSequenceInStep) {
  Make();
  Enqueue("a");
  EXPECT_EQ(SendAll(), "a/0");
  now_ += seconds(30);
  state_->Expire(now_, verdicts_);
  EXPECT_EQ(Verdicts(), "a=AMBIGUOUS");
  Enqueue("b");
  EXPECT_EQ(SendAll(), "b/1");
  Accept(IdOf("a"));
  Accept(IdOf("b"));
  EXPECT_EQ(Verdicts(), "b=ok");
}

TEST_F(ProduceStateTest, AnExpiredBatchIsNotSentAgainAndItsGapIsMendedByANewIdentity) {
  Make();
  Enqueue("a");
  EXPECT_EQ(SendAll(), "a/0");
  now_ += seconds(30);
  state_->Expire(now_, verdicts_);
  EXPECT_EQ(Verdicts(), "a=AMBIGUOUS");
  Break();
  Enqueue("b");
  Open();
  EXPECT_EQ(SendAll(), "b/1");
  Refuse(IdOf("b"), "UNKNOWN_PRODUCER");  // a never arrived.
  EXPECT_TRUE(state_->TakeIdentityRequest());
  state_->OnIdentity({2, 0});
  EXPECT_EQ(SendAll(), "restart b/0@2");
}

TEST_F(ProduceStateTest, AWordOfTheBrokerThatEndsTheStreamForGoodFailsEverything) {
  Make();
  Enqueue("a");
  EXPECT_EQ(SendAll(), "a/0");
  Enqueue("b");
  Break("UNKNOWN_TOPIC", true);
  EXPECT_EQ(Verdicts(), "a=UNKNOWN_TOPIC b=UNKNOWN_TOPIC");
  EXPECT_TRUE(state_->empty());
}

TEST_F(ProduceStateTest, AfterAnAcceptedBatchSuchAWordLeavesTheRestOfTheStreamAmbiguous) {
  Make();
  Enqueue("a");
  Enqueue("b");
  EXPECT_EQ(SendAll(), "a/0 b/1");
  Accept(IdOf("a"));
  Enqueue("c");
  Break("UNKNOWN_TOPIC", true);
  EXPECT_EQ(Verdicts(), "a=ok b=AMBIGUOUS c=UNKNOWN_TOPIC");
}

TEST_F(ProduceStateTest, CancellingSaysWhatWasNotSentAndWhatIsUnknown) {
  Make();
  Enqueue("a");
  EXPECT_EQ(SendAll(), "a/0");
  Enqueue("b");
  state_->CancelAll(now_, verdicts_);
  EXPECT_EQ(Verdicts(), "a=AMBIGUOUS b=CANCELLED");
}

TEST_F(ProduceStateTest, WithoutAnswersWrittenIsDone) {
  ProduceStateOptions options;
  options.idempotent = false;
  options.answered = false;
  Make(options);
  Enqueue("a");
  Enqueue("b");
  EXPECT_EQ(SendAll(), "a/-1 b/-1");
  state_->OnWritten(IdOf("a"), now_, verdicts_);
  EXPECT_EQ(verdicts_[0].report.durability, Durability::kMemory);
  EXPECT_EQ(Verdicts(), "a=ok");
  Accept(IdOf("a"));  // An answer may come all the same.
  Refuse(IdOf("b"), "BATCH_TOO_LARGE");
  EXPECT_EQ(SendAll(), "restart");
}

TEST_F(ProduceStateTest, AnAnswerOutOfOrderIsAnErrorOfTheBroker) {
  Make();
  Enqueue("a");
  Enqueue("b");
  EXPECT_EQ(SendAll(), "a/0 b/1");
  BatchAnswer answer;
  answer.batch_id = IdOf("b");
  EXPECT_FALSE(state_->OnAnswer(answer, now_, verdicts_));
}

TEST_F(ProduceStateTest, ABatchThatTheConnectionStillReadsIsNotRewritten) {
  Make();
  Enqueue("bad");
  Enqueue("c");
  ASSERT_EQ(state_->NextMessage(now_)->kind, ProduceMessage::Kind::kBatch);
  const auto held = state_->NextMessage(now_);
  const std::string before(AsText(held->batch));
  BatchAnswer answer;
  answer.batch_id = 1;
  answer.error = Word("UNEXPECTED_OFFSET");
  ASSERT_TRUE(state_->OnAnswer(answer, now_, verdicts_));
  EXPECT_EQ(SendAll(), "restart c/0");
  EXPECT_EQ(AsText(held->batch), before);
}

}  // namespace
}  // namespace qalam::abi0
