#include "broker/frames/frame_server.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/wire/error_codec.h"
#include "common/frame.h"
#include "common/frame_channel.h"
#include "qalam/v1/log.pb.h"
#include "tests/broker/rpc/fake_broker.h"

namespace qalam {
namespace {

using std::chrono::milliseconds;

AppendResult At(Offset offset) {
  AppendResult result;
  result.base_offset = offset;
  result.durability = Durability::kFsync;
  return result;
}

// The client's end of a connection.
class Peer {
 public:
  explicit Peer(int descriptor) : descriptor_(descriptor) {}
  ~Peer() { Close(); }
  void Close() {
    if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
  }

  // On the socket.
  bool Say(std::string_view bytes) const {
    return ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(bytes.size());
  }
  void Greet() {
    auto channel = FrameChannel::Greet(descriptor_);
    ASSERT_TRUE(channel.ok()) << channel.error().ToString();
    channel_ = std::move(channel).value();
  }
  // Into the ring; false where nobody makes room for long.
  bool Put(BytesView bytes) {
    while (true) {
      const std::array<BytesView, 1> part = {bytes};
      const auto outcome = channel_->out().Write(part);
      if (outcome.bell) RingBell(descriptor_);
      bytes = bytes.subspan(outcome.bytes);
      if (bytes.empty()) return true;
      if (channel_->out().WaitForRoom() && !HearBell()) return false;
    }
  }
  bool Send(const v1::ProduceRequest& request) {
    const std::string payload = request.SerializeAsString();
    const auto head = MakeFrameHead(FrameKind::kMessage, payload.size());
    return Put(head) && Put(AsBytes(payload));
  }
  void Open(const std::string& topic) {
    v1::ProduceRequest request;
    request.mutable_open()->set_topic(topic);
    request.mutable_open()->set_client_id("tester");
    request.mutable_open()->set_stream_number(7);
    Send(request);
  }
  bool Batch(std::uint64_t id, const std::string& bytes = "batch") {
    v1::ProduceRequest request;
    request.mutable_batch()->set_batch_id(id);
    request.mutable_batch()->set_batch(bytes);
    return Send(request);
  }
  // The next frame; nothing: the connection ended, or nothing came for long.
  std::optional<Frame> Next() {
    while (true) {
      auto frame = frames_.Next();
      if (!frame.ok()) return std::nullopt;
      if (frame->has_value()) return **frame;
      if (channel_ == nullptr) {
        if (!HearBell()) return std::nullopt;
        continue;
      }
      if (Take() > 0) continue;
      if (channel_->in().Sleep(RingSleep::kBell) && !HearBell() && Take() == 0) {
        return std::nullopt;
      }
    }
  }
  // So many results, in any number of messages.
  std::vector<v1::ProduceResponse::Result> Results(std::size_t count) {
    std::vector<v1::ProduceResponse::Result> all;
    while (all.size() < count) {
      const auto frame = Next();
      v1::ProduceResponse response;
      if (!frame || frame->kind != FrameKind::kMessage) break;
      const BytesView bytes = frame->payload.view();
      EXPECT_TRUE(response.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
      all.insert(all.end(), response.results().begin(), response.results().end());
    }
    return all;
  }
  // The error's word in the end frame; "none" if it ended well, "no end" if there is no such frame.
  std::string End() {
    while (const auto frame = Next()) {
      if (frame->kind != FrameKind::kEnd) continue;
      const BytesView bytes = frame->payload.view();
      if (bytes.empty()) return "none";
      const auto error =
          DecodeStatusDetails({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
      return error ? std::string(InfoOf(error->code()).word) : "not an error";
    }
    return "no end";
  }

 private:
  // False: the other end has gone, or nothing came for long.
  bool HearBell() const {
    pollfd ready{descriptor_, POLLIN, 0};
    return ::poll(&ready, 1, 10'000) == 1 && TakeBells(descriptor_);
  }
  std::size_t Take() {
    const auto got = channel_->in().Read(frames_.Space());
    EXPECT_TRUE(got.ok());
    if (!got.ok()) return 0;
    frames_.Filled(*got);
    if (channel_->in().TakeRoomBell()) RingBell(descriptor_);
    return *got;
  }

  int descriptor_;
  std::unique_ptr<FrameChannel> channel_;
  FrameReader frames_{1 << 20};
};

class FrameServerTest : public testing::Test {
 protected:
  ~FrameServerTest() override {
    StopServing(milliseconds(100));
    io_.Stop();
    for (const int other : others_) ::close(other);
  }
  void Serve(const RpcOptions& options = {}) {
    server_ = std::make_unique<FrameServer>(
        broker_, io_, options, streams_,
        [this](int descriptor, const std::string&) { others_.push_back(descriptor); });
    io_.Start();
  }
  void StopServing(milliseconds patience) {
    (void)streams_.DrainAll(patience);
    if (server_) server_->Stop();
  }
  Peer Connect() {
    int ends[2] = {-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    EXPECT_EQ(::fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
    io_.RunAndWait([&] { server_->Sort(ends[1], "unix:uid=1"); });
    return Peer(ends[0]);
  }
  bool WaitForBatches(std::size_t count) {
    return broker_.WaitUntil([&] { return broker_.batches() >= count; });
  }
  std::size_t others() {
    std::size_t count = 0;
    io_.RunAndWait([&] { count = others_.size(); });
    return count;
  }

  FakeBroker broker_;
  IoThread io_;
  StreamRegistry streams_{100};
  std::unique_ptr<FrameServer> server_;
  std::vector<int> others_;
};

TEST_F(FrameServerTest, TheBrokerGetsWhatTheClientSentAndTheClientItsAnswers) {
  Serve();
  Peer peer = Connect();
  peer.Greet();
  peer.Open("orders");
  peer.Batch(1, "small");
  const std::string large(700'000, 'x');
  peer.Batch(2, large);
  ASSERT_TRUE(WaitForBatches(2));
  EXPECT_EQ(broker_.opened(0).partition, (TopicPartition{"orders", 0}));
  EXPECT_EQ(broker_.opened(0).origin.client_id, "tester");
  EXPECT_EQ(broker_.opened(0).origin.protocol, "local");
  EXPECT_EQ(broker_.opened(0).origin.peer, "unix:uid=1");
  EXPECT_EQ(broker_.opened(0).origin.stream_number, 7u);
  EXPECT_EQ(broker_.batch_bytes(0), "small");
  EXPECT_EQ(broker_.batch_bytes(1), large);
  broker_.AnswerBatch(1, At(1));
  broker_.AnswerBatch(0, At(0));
  const auto results = peer.Results(2);
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(results[0].batch_id(), 1u);
  EXPECT_EQ(results[1].base_offset(), 1);
}

TEST_F(FrameServerTest, WhatDoesNotSpeakFramesIsHandedOnUntouched) {
  Serve();
  Peer peer = Connect();
  peer.Say("PRI * HTTP/2.0\r\n");
  for (int i = 0; i < 1000 && others() == 0; ++i) ::usleep(1000);
  ASSERT_EQ(others(), 1u);
  char bytes[16] = {};
  EXPECT_EQ(::recv(others_[0], bytes, sizeof bytes, 0), 16);
  EXPECT_EQ(std::string(bytes, 3), "PRI");
}

TEST_F(FrameServerTest, WhoSaysNothingIsClosed) {
  RpcOptions options;
  options.handshake = milliseconds(20);
  Serve(options);
  Peer peer = Connect();
  EXPECT_EQ(peer.Next(), std::nullopt);
  EXPECT_EQ(others(), 0u);
}

TEST_F(FrameServerTest, AGreetingWithoutMemoryIsRefused) {
  Serve();
  Peer peer = Connect();
  peer.Say({kFramesMagic.data(), kFramesMagic.size()});
  EXPECT_EQ(peer.Next(), std::nullopt);
  EXPECT_EQ(others(), 0u);
}

TEST_F(FrameServerTest, TheEndSaysWhatWasWrong) {
  Serve();
  {
    Peer peer = Connect();
    peer.Greet();
    peer.Batch(1);
    EXPECT_EQ(peer.End(), "INVALID_ARGUMENT") << "the first message must be open";
  }
  {
    Peer peer = Connect();
    peer.Greet();
    peer.Put(AsBytes(std::string("\xff\xff\xff\x7f\x01", 5)));
    EXPECT_EQ(peer.End(), "MESSAGE_TOO_LARGE");
  }
  broker_.RefuseToOpen(Error(ErrorCode::kUnknownTopic, "there is no topic x"));
  Peer peer = Connect();
  peer.Greet();
  peer.Open("x");
  EXPECT_EQ(peer.End(), "UNKNOWN_TOPIC");
}

TEST_F(FrameServerTest, BatchesInFlightAreBounded) {
  RpcOptions options;
  options.stream_batches_max = 4;
  Serve(options);
  Peer peer = Connect();
  peer.Greet();
  peer.Open("orders");
  for (std::uint64_t id = 0; id < 10; ++id) peer.Batch(id);
  ASSERT_TRUE(WaitForBatches(4));
  EXPECT_FALSE(broker_.WaitUntil([&] { return broker_.batches() > 4; }, milliseconds(100)));
  for (std::size_t i = 0; i < 10; ++i) {
    ASSERT_TRUE(WaitForBatches(i + 1));
    broker_.AnswerBatch(i, At(static_cast<Offset>(i)));
    ASSERT_EQ(peer.Results(1).size(), 1u);
  }
}

TEST_F(FrameServerTest, ALeavingClientLeavesNothingBehind) {
  Serve();
  {
    Peer peer = Connect();
    peer.Greet();
    peer.Open("orders");
    peer.Batch(1);
    ASSERT_TRUE(WaitForBatches(1));
  }
  EXPECT_EQ(broker_.sessions(), 1);
  broker_.AnswerBatch(0, At(0));
  EXPECT_TRUE(broker_.WaitUntil([&] { return broker_.sessions() == 0; }));
}

TEST_F(FrameServerTest, StopAnswersWhatWasTakenAndSaysWhy) {
  Serve();
  Peer peer = Connect();
  peer.Greet();
  peer.Open("orders");
  peer.Batch(1);
  ASSERT_TRUE(WaitForBatches(1));
  broker_.AnswerBatch(0, At(5));
  StopServing(std::chrono::seconds(10));
  const auto results = peer.Results(1);
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(results[0].base_offset(), 5);
  EXPECT_EQ(peer.End(), "SHUTTING_DOWN");
}

TEST_F(FrameServerTest, StopIsNotHeldUpByAClientThatReadsNothing) {
  RpcOptions options;
  options.stream_batches_max = 100'000;
  Serve(options);
  Peer peer = Connect();
  peer.Greet();
  peer.Open("orders");
  constexpr std::size_t kBatches = 20'000;  // Their answers are more than the ring holds.
  for (std::uint64_t id = 0; id < kBatches; ++id) peer.Batch(id, "b");
  ASSERT_TRUE(WaitForBatches(kBatches));
  for (std::size_t i = 0; i < kBatches; ++i) broker_.AnswerBatch(i, At(static_cast<Offset>(i)));
  const auto begun = std::chrono::steady_clock::now();
  StopServing(milliseconds(50));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(5));
  EXPECT_TRUE(broker_.WaitUntil([&] { return broker_.sessions() == 0; }));
}

}  // namespace
}  // namespace qalam
