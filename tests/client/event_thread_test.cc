#include "client/event_thread.h"

#include <grpcpp/alarm.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include "client/stream.h"

namespace qalam::abi0 {
namespace {

constexpr std::chrono::seconds kSoon{10};

// Keeps the thread alive until its alarm rang; then lets go of it, from the thread itself.
class Ring final : public EventThread::Event {
 public:
  explicit Ring(std::shared_ptr<EventThread> events) : events_(std::move(events)) {
    alarm_.Set(events_->queue(), std::chrono::system_clock::now(), static_cast<Event*>(this));
  }
  void OnEvent(bool /*ok*/) override {
    events_.reset();
    rang_.set_value(std::this_thread::get_id());
  }
  std::optional<std::thread::id> Await() {
    auto rang = rang_.get_future();
    if (rang.wait_for(kSoon) != std::future_status::ready) return std::nullopt;
    return rang.get();
  }

 private:
  std::shared_ptr<EventThread> events_;
  grpc::Alarm alarm_;
  std::promise<std::thread::id> rang_;
};

class Ear final : public Stream::Listener {
 public:
  void OnWritten() override {}
  void OnMessage(grpc::ByteBuffer) override {}
  void OnClosed(const grpc::Status& status) override { closed_.set_value(status.error_code()); }
  std::optional<grpc::StatusCode> Await() {
    auto closed = closed_.get_future();
    if (closed.wait_for(kSoon) != std::future_status::ready) return std::nullopt;
    return closed.get();
  }

 private:
  std::promise<grpc::StatusCode> closed_;
};

std::shared_ptr<grpc::Channel> NobodyThere() {
  return grpc::CreateChannel("127.0.0.1:1", grpc::InsecureChannelCredentials());
}

TEST(EventThreadTest, AllShareOneWhileSomebodyHoldsIt) {
  const auto first = EventThread::Shared();
  EXPECT_EQ(EventThread::Shared(), first);
  Ring one(first);
  Ring two(first);
  const auto ran_on = one.Await();
  ASSERT_TRUE(ran_on.has_value());
  EXPECT_EQ(two.Await(), ran_on);
  EXPECT_NE(*ran_on, std::this_thread::get_id());
}

TEST(EventThreadTest, MayBeLetGoFromItsOwnThreadAndStartsAgain) {
  for (int i = 0; i < 20; ++i) {
    Ring ring(EventThread::Shared());
    EXPECT_TRUE(ring.Await().has_value()) << i;
  }
}

TEST(StreamTest, CancelledBeforeItWroteAnythingItIsClosed) {
  const auto ear = std::make_shared<Ear>();
  const auto stream = Stream::Start(NobodyThere(), "/qalam.v1.LogService/Produce", ear);
  stream->Cancel();
  stream->Cancel();
  EXPECT_EQ(ear->Await(), grpc::StatusCode::CANCELLED);
  stream->Write(grpc::ByteBuffer());  // Ignored.
  stream->Read();
}

TEST(StreamTest, CancelledWhileReadingItIsClosedOnce) {
  const auto ear = std::make_shared<Ear>();
  const auto stream = Stream::Start(NobodyThere(), "/qalam.v1.LogService/Produce", ear);
  stream->Read();
  stream->Cancel();
  EXPECT_EQ(ear->Await(), grpc::StatusCode::CANCELLED);
}

TEST(StreamTest, WithNobodyThereItIsClosed) {
  const auto ear = std::make_shared<Ear>();
  const auto stream = Stream::Start(NobodyThere(), "/qalam.v1.LogService/Produce", ear);
  const grpc::Slice nothing("", 0);
  stream->Write(grpc::ByteBuffer(&nothing, 1));
  stream->Read();
  EXPECT_EQ(ear->Await(), grpc::StatusCode::UNAVAILABLE);
}

}  // namespace
}  // namespace qalam::abi0
