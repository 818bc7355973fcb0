// A link over a local socket whose answers are read by the thread that waits for one.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "client/embedded/frame_produce.h"
#include "client/steady_time.h"
#include "qalam/v1/log.pb.h"
#include "tests/support/temp_directory.h"

namespace qalam::abi0 {
namespace {

using namespace std::chrono_literals;

// What a listener heard, and on which thread.
class FetchEar final : public ProduceLink::Listener {
 public:
  void OnWritten() override {
    std::lock_guard lock(mutex_);
    ++written_;
  }
  void OnAnswers(std::optional<std::vector<BatchAnswer>> answers) override {
    std::lock_guard lock(mutex_);
    heard_on_ = std::this_thread::get_id();
    answers_ += answers->size();
  }
  void OnClosed(const Error&, bool) override {
    std::lock_guard lock(mutex_);
    heard_on_ = std::this_thread::get_id();
    ++closed_;
  }
  int written() {
    std::lock_guard lock(mutex_);
    return written_;
  }
  std::size_t answers() {
    std::lock_guard lock(mutex_);
    return answers_;
  }
  int closed() {
    std::lock_guard lock(mutex_);
    return closed_;
  }
  std::thread::id heard_on() {
    std::lock_guard lock(mutex_);
    return heard_on_;
  }

 private:
  std::mutex mutex_;
  std::thread::id heard_on_;
  int written_ = 0;
  std::size_t answers_ = 0;
  int closed_ = 0;
};

// The other end of the socket, in the test's hand.
class FrameFetchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    const std::string path = directory_.path() + "/s";
    path.copy(name.sun_path, sizeof name.sun_path - 1);
    listening_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ASSERT_EQ(::bind(listening_, reinterpret_cast<const sockaddr*>(&name), sizeof name), 0);
    ASSERT_EQ(::listen(listening_, 1), 0);
    link_ = FrameProduce::Start(path, "here", {"events", 0, Acks::kAll, "test", 1}, ear_);
    owner_ = ::accept(listening_, nullptr, nullptr);
    ASSERT_GE(owner_, 0);
    auto channel = FrameChannel::Welcome(owner_);
    ASSERT_TRUE(channel.ok()) << channel.error().ToString();
    channel_ = std::move(channel).value();
  }
  void TearDown() override {
    if (owner_ >= 0) ::close(owner_);
    ::close(listening_);
    EXPECT_TRUE(Comes([&] { return ear_->closed() == 1; }));
  }
  void Answer() const {
    v1::ProduceResponse response;
    response.add_results()->set_batch_id(1);
    const std::string payload = response.SerializeAsString();
    const auto head = MakeFrameHead(FrameKind::kMessage, payload.size());
    const std::array<BytesView, 2> parts = {head, AsBytes(payload)};
    const auto outcome = channel_->out().Write(parts);
    ASSERT_EQ(outcome.bytes, head.size() + payload.size());
    if (outcome.bell) RingBell(owner_);
  }
  void Leave() { ::close(std::exchange(owner_, -1)); }
  template <typename F>
  static bool Comes(const F& condition) {
    for (int i = 0; i < 5000 && !condition(); ++i) std::this_thread::sleep_for(1ms);
    return condition();
  }

  const TempDirectory directory_;
  const std::shared_ptr<FetchEar> ear_ = std::make_shared<FetchEar>();
  std::shared_ptr<FrameProduce> link_;
  int listening_ = -1;
  int owner_ = -1;
  std::unique_ptr<FrameChannel> channel_;  // The owner's end.
};

TEST_F(FrameFetchTest, AnswersAreHeardOnTheThreadThatWaits) {
  std::thread owner([&] {
    for (int i = 0; i < 100; ++i) {
      std::this_thread::sleep_for(200us);
      Answer();
    }
  });
  int here = 0;
  for (std::size_t i = 1; i <= 100; ++i) {
    ASSERT_TRUE(link_->FetchUntil(SteadyClock::now() + 10s, [&] { return ear_->answers() >= i; }));
    if (ear_->heard_on() == std::this_thread::get_id()) ++here;
  }
  owner.join();
  EXPECT_EQ(ear_->answers(), 100u);
  EXPECT_GT(here, 50);  // The link's own thread may have been quicker now and then.
}

TEST_F(FrameFetchTest, WhenNobodyWaitsAnswersStillCome) {
  EXPECT_TRUE(link_->FetchUntil(SteadyClock::now() + 1ms, [] { return false; }));
  Answer();
  EXPECT_TRUE(Comes([&] { return ear_->answers() == 1; }));
  EXPECT_NE(ear_->heard_on(), std::this_thread::get_id());
}

TEST_F(FrameFetchTest, OneFetchesAtATime) {
  std::atomic<bool> enough{false};
  std::atomic<bool> inside{false};
  std::thread other([&] {
    EXPECT_TRUE(link_->FetchUntil(TimePoint::max(), [&] {
      inside.store(true);
      return enough.load();
    }));
  });
  EXPECT_TRUE(Comes([&] { return inside.load(); }));
  EXPECT_FALSE(link_->FetchUntil(TimePoint::max(), [] { return false; }));
  enough.store(true);
  other.join();
}

TEST_F(FrameFetchTest, TheEndOfTheOwnerEndsTheFetching) {
  std::thread owner([&] {
    std::this_thread::sleep_for(5ms);
    Leave();
  });
  EXPECT_TRUE(link_->FetchUntil(TimePoint::max(), [] { return false; }));
  owner.join();
  EXPECT_EQ(ear_->closed(), 1);
  EXPECT_EQ(ear_->heard_on(), std::this_thread::get_id());
  EXPECT_FALSE(link_->FetchUntil(TimePoint::max(), [] { return false; }));
}

TEST_F(FrameFetchTest, WhatTheOwnerSaidBeforeItWentIsHeard) {
  Answer();
  Leave();
  EXPECT_TRUE(Comes([&] { return ear_->closed() == 1; }));
  EXPECT_EQ(ear_->answers(), 1u);
}

TEST_F(FrameFetchTest, AMessageLargerThanTheRingGoesThroughInPieces) {
  ProduceMessage message;
  message.kind = ProduceMessage::Kind::kBatch;
  message.batch_id = 7;
  const std::string bytes(1'000'000, 'b');
  message.batch = AsBytes(bytes);
  EXPECT_FALSE(link_->Write(message)) << "it is more than there is room for";
  FrameReader frames(std::size_t{2} << 20);
  std::optional<Frame> frame;
  EXPECT_TRUE(Comes([&] {
    if (frame) return true;
    const auto got = channel_->in().Read(frames.Space());
    if (got.ok()) frames.Filled(*got);
    if (channel_->in().TakeRoomBell()) RingBell(owner_);
    auto next = frames.Next();
    if (next.ok()) frame = std::move(*next);
    return frame.has_value();
  }));
  ASSERT_TRUE(frame);
  v1::ProduceRequest request;
  const BytesView payload = frame->payload.view();
  ASSERT_TRUE(request.ParseFromArray(payload.data(), static_cast<int>(payload.size())));
  EXPECT_EQ(request.batch().batch_id(), 7u);
  EXPECT_EQ(request.batch().batch(), bytes);
  EXPECT_TRUE(Comes([&] { return ear_->written() == 1; }));
}

TEST_F(FrameFetchTest, CancellingEndsTheFetchingOnce) {
  std::thread other([&] {
    std::this_thread::sleep_for(5ms);
    link_->Cancel();
    link_->Cancel();
  });
  EXPECT_TRUE(link_->FetchUntil(TimePoint::max(), [] { return false; }));
  other.join();
  EXPECT_TRUE(Comes([&] { return ear_->closed() == 1; }));
}

// The connection is the parent's: a child that read from it would take the parent's answers away.
TEST_F(FrameFetchTest, AForkedChildFetchesNothing) {
  const pid_t child = ::fork();
  if (child == 0) {
    std::_Exit(link_->FetchUntil(SteadyClock::now() + 1s, [] { return false; }) ? 1 : 0);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace qalam::abi0
