// The links that stand where streams do in the owner's own process: order, back-pressure, ends.
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "client/embedded/direct_hub.h"
#include "tests/broker/rpc/fake_broker.h"

namespace qalam::abi0 {
namespace {

using namespace std::chrono_literals;

// What a listener heard. Thread: any.
class Ear final : public ProduceLink::Listener {
 public:
  void OnWritten() override {
    Note([&] { ++written_; });
  }
  void OnAnswers(std::optional<std::vector<BatchAnswer>> answers) override {
    Note([&] {
      for (BatchAnswer& answer : *answers) answers_.push_back(std::move(answer));
    });
  }
  void OnClosed(const Error& error, bool from_broker) override {
    Note([&] { closed_.emplace(error, from_broker); });
  }

  bool Wait(const std::function<bool()>& condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 10s, condition);
  }
  bool WaitAnswers(std::size_t count) {
    return Wait([&] { return answers_.size() >= count; });
  }
  bool WaitClosed() {
    return Wait([&] { return closed_.has_value(); });
  }
  bool WaitWritten(int count) {
    return Wait([&] { return written_ >= count; });
  }
  int written() {
    std::lock_guard lock(mutex_);
    return written_;
  }
  std::vector<BatchAnswer> answers() {
    std::lock_guard lock(mutex_);
    return answers_;
  }
  std::pair<Error, bool> closed() {
    std::lock_guard lock(mutex_);
    return *closed_;
  }

 private:
  template <typename F>
  void Note(F f) {
    std::lock_guard lock(mutex_);
    f();
    changed_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  int written_ = 0;
  std::vector<BatchAnswer> answers_;
  std::optional<std::pair<Error, bool>> closed_;
};

// Reads on from within OnPart until it has had so many.
class TailEar final : public TailLink::Listener {
 public:
  explicit TailEar(std::size_t wanted) : wanted_(wanted) {}
  // Before the first Read.
  void Hear(std::shared_ptr<TailLink> link) { link_ = std::move(link); }
  void OnPart(TailPart part) override {
    RawBuffer buffer;
    const auto message = part.unpack(buffer);
    std::size_t count = 0;
    {
      std::lock_guard lock(mutex_);
      bytes_ += buffer.view().size();
      count = ++parts_;
      EXPECT_TRUE(message.has_value());
      changed_.notify_all();
    }
    if (count < wanted_) link_->Read();
  }
  void OnClosed(const Error& error) override {
    std::lock_guard lock(mutex_);
    closed_ = error;
    changed_.notify_all();
  }
  bool WaitParts(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 20s, [&] { return parts_ >= count; });
  }
  std::optional<Error> WaitClosed() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, 10s, [&] { return closed_.has_value(); });
    return closed_;
  }
  std::size_t bytes() {
    std::lock_guard lock(mutex_);
    return bytes_;
  }

 private:
  const std::size_t wanted_;
  std::shared_ptr<TailLink> link_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t parts_ = 0;
  std::size_t bytes_ = 0;
  std::optional<Error> closed_;
};

class DirectLinkTest : public testing::Test {
 protected:
  ~DirectLinkTest() override { Close(); }
  void Close() {
    if (!std::exchange(closed_, true)) hub_->Close();
  }
  std::shared_ptr<ProduceLink> Open() {
    return MakeDirectBroker(hub_)->OpenProduce({"orders", 0, Acks::kAll, "test"}, ear_);
  }
  static ProduceMessage OpenMessage() { return {}; }
  ProduceMessage Batch(std::uint64_t id, const char* text) {
    ProduceMessage message;
    message.kind = ProduceMessage::Kind::kBatch;
    message.batch_id = id;
    message.buffer = std::make_shared<BatchBuffer>();
    message.batch = AsBytes(text);
    return message;
  }
  static qalam::AppendResult At(Offset offset) {
    qalam::AppendResult result;
    result.base_offset = offset;
    result.durability = qalam::Durability::kFsync;
    return result;
  }

  qalam::FakeBroker broker_;
  const std::shared_ptr<DirectHub> hub_ = std::make_shared<DirectHub>(broker_);
  const std::shared_ptr<Ear> ear_ = std::make_shared<Ear>();
  bool closed_ = false;
};

TEST_F(DirectLinkTest, AnswersComeInTheOrderOfTheBatches) {
  const auto link = Open();
  EXPECT_TRUE(link->Write(OpenMessage()));
  for (std::uint64_t id : {7u, 8u, 9u}) EXPECT_TRUE(link->Write(Batch(id, "bytes")));
  ASSERT_EQ(broker_.batches(), 3u);
  EXPECT_EQ(broker_.batch_bytes(1), "bytes");
  EXPECT_EQ(broker_.opened(0).origin.protocol, "embedded");
  broker_.AnswerBatch(2, At(12));
  broker_.AnswerBatch(1, qalam::Error(qalam::ErrorCode::kNoSpace, "full"));
  broker_.AnswerBatch(0, At(10));
  ASSERT_TRUE(ear_->WaitAnswers(3));
  const auto answers = ear_->answers();
  EXPECT_EQ(answers[0].batch_id, 7u);
  EXPECT_EQ(answers[0].base_offset, 10);
  EXPECT_EQ(answers[0].durability, Durability::kFsync);
  EXPECT_EQ(answers[1].batch_id, 8u);
  EXPECT_EQ(answers[1].error->code(), "NO_SPACE");
  EXPECT_EQ(answers[2].base_offset, 12);
  EXPECT_EQ(ear_->written(), 0);
}

TEST_F(DirectLinkTest, AFullMailboxHoldsABatchAndSaysLaterThatItIsWritten) {
  const auto link = Open();
  EXPECT_TRUE(link->Write(OpenMessage()));
  broker_.SetRoom(0);
  EXPECT_FALSE(link->Write(Batch(1, "a")));
  EXPECT_EQ(broker_.batches(), 0u);
  broker_.SetRoom(1);
  ASSERT_TRUE(ear_->WaitWritten(1));
  EXPECT_EQ(broker_.batches(), 1u);
  broker_.SetRoom(0);
  broker_.SetRoomComesAtOnce(true);
  EXPECT_TRUE(link->Write(Batch(2, "b")));
  EXPECT_EQ(broker_.batches(), 2u);
  broker_.AnswerBatch(0, At(0));
  broker_.AnswerBatch(1, At(1));
  EXPECT_TRUE(ear_->WaitAnswers(2));
  EXPECT_EQ(ear_->written(), 1);
}

TEST_F(DirectLinkTest, AnOpeningThatTakesItsTimeIsWrittenLater) {
  broker_.HoldOpens(true);
  const auto link = Open();
  EXPECT_FALSE(link->Write(OpenMessage()));
  broker_.ReleaseOpens();
  ASSERT_TRUE(ear_->WaitWritten(1));
  EXPECT_TRUE(link->Write(Batch(1, "a")));
  broker_.AnswerBatch(0, At(0));
  EXPECT_TRUE(ear_->WaitAnswers(1));
}

TEST_F(DirectLinkTest, ARefusedOpeningIsTheBrokersWord) {
  broker_.RefuseToOpen(qalam::Error(qalam::ErrorCode::kUnknownTopic, "no such"));
  const auto link = Open();
  EXPECT_TRUE(link->Write(OpenMessage()));
  ASSERT_TRUE(ear_->WaitClosed());
  EXPECT_EQ(ear_->closed().first.code(), "UNKNOWN_TOPIC");
  EXPECT_TRUE(ear_->closed().second);
}

TEST_F(DirectLinkTest, TheEndOfTheBrokerTellsWhatWasNotWritten) {
  const auto link = Open();
  EXPECT_TRUE(link->Write(OpenMessage()));
  EXPECT_TRUE(link->Write(Batch(1, "a")));
  broker_.SetRoom(0);
  EXPECT_FALSE(link->Write(Batch(2, "b")));
  broker_.AnswerBatch(0, At(5));
  Close();
  ASSERT_TRUE(ear_->WaitClosed());
  const auto answers = ear_->answers();
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_EQ(answers[0].base_offset, 5);
  EXPECT_EQ(answers[1].error->code(), "SHUTTING_DOWN");
  EXPECT_EQ(ear_->closed().first.code(), "SHUTTING_DOWN");
  EXPECT_TRUE(ear_->closed().second);
  EXPECT_EQ(broker_.sessions(), 0);
}

TEST_F(DirectLinkTest, ALinkThatComesTooLateIsClosedByItsFirstWrite) {
  Close();
  const auto link = Open();
  EXPECT_TRUE(link->Write(OpenMessage()));
  ASSERT_TRUE(ear_->WaitClosed());
  EXPECT_EQ(ear_->closed().first.code(), "SHUTTING_DOWN");
  const auto tail_ear = std::make_shared<TailEar>(1);
  const auto tail = MakeDirectBroker(hub_)->OpenTail({"orders", 0, 0, 100, "test"}, tail_ear);
  tail->Read();
  EXPECT_EQ(tail_ear->WaitClosed()->code(), "SHUTTING_DOWN");
}

TEST_F(DirectLinkTest, ACancelledLinkForgetsItsAnswers) {
  const auto link = Open();
  EXPECT_TRUE(link->Write(OpenMessage()));
  EXPECT_TRUE(link->Write(Batch(1, "a")));
  link->Cancel();
  ASSERT_TRUE(ear_->WaitClosed());
  EXPECT_EQ(ear_->closed().first.code(), "CANCELLED");
  EXPECT_FALSE(ear_->closed().second);
  broker_.AnswerBatch(0, At(0));
  Close();
  EXPECT_TRUE(ear_->answers().empty());
}

// A tail of what is in memory answers within the question, for as long as it is asked.
TEST_F(DirectLinkTest, AnEndlessTailIsReadWithoutEnd) {
  constexpr std::size_t kParts = 50'000;
  broker_.TailFor("endless", 10);
  const auto ear = std::make_shared<TailEar>(kParts);
  const auto tail = MakeDirectBroker(hub_)->OpenTail({"endless", 0, 0, 100, "test"}, ear);
  ear->Hear(tail);
  tail->Read();
  ASSERT_TRUE(ear->WaitParts(kParts));
  EXPECT_EQ(ear->bytes(), (kParts - 1) * 10);  // The first answer of a session is empty.
  tail->Cancel();
  EXPECT_EQ(ear->WaitClosed()->code(), "CANCELLED");
  ear->Hear(nullptr);
}

TEST_F(DirectLinkTest, AParkedTailEndsWithTheBroker) {
  const auto ear = std::make_shared<TailEar>(2);
  const auto tail = MakeDirectBroker(hub_)->OpenTail({"orders", 0, 0, 100, "test"}, ear);
  ear->Hear(tail);
  tail->Read();
  ASSERT_TRUE(broker_.WaitUntil([&] { return broker_.tails_parked() == 1; }));
  Close();
  EXPECT_EQ(ear->WaitClosed()->code(), "SHUTTING_DOWN");
  EXPECT_EQ(broker_.tails(), 0);
  ear->Hear(nullptr);
}

}  // namespace
}  // namespace qalam::abi0
