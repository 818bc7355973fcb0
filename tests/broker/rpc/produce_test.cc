#include <grpcpp/support/sync_stream.h>

#include <algorithm>
#include <future>
#include <thread>
#include <vector>

#include "qalam/v1/log.grpc.pb.h"
#include "tests/broker/rpc/raw_call.h"
#include "tests/broker/rpc/rpc_test.h"

namespace qalam {
namespace {

constexpr const char* kMethod = "/qalam.v1.LogService/Produce";

AppendResult At(Offset offset) {
  AppendResult result;
  result.base_offset = offset;
  result.durability = Durability::kFsync;
  return result;
}

// One Produce stream, as a client sees it.
class ProduceStream {
 public:
  explicit ProduceStream(const std::shared_ptr<grpc::Channel>& channel)
      : stub_(v1::LogService::NewStub(channel)), stream_(stub_->Produce(context_.get())) {}

  bool Open(const std::string& topic, v1::Acks acks = v1::ACKS_ALL) {
    v1::ProduceRequest request;
    request.mutable_open()->set_topic(topic);
    request.mutable_open()->set_partition(2);
    request.mutable_open()->set_acks(acks);
    request.mutable_open()->set_client_id("tester");
    return stream_->Write(request);
  }
  bool Send(std::uint64_t id, const std::string& bytes = "batch",
            std::optional<Offset> expected = {}) {
    v1::ProduceRequest request;
    request.mutable_batch()->set_batch_id(id);
    request.mutable_batch()->set_batch(bytes);
    if (expected) request.mutable_batch()->set_expected_offset(*expected);
    return stream_->Write(request);
  }
  bool Restart() {
    v1::ProduceRequest request;
    request.mutable_restart();
    return stream_->Write(request);
  }
  void Close() { stream_->WritesDone(); }
  void Cancel() { context_->TryCancel(); }
  // One message; empty at the end of the stream.
  std::vector<v1::ProduceResponse::Result> Read() {
    v1::ProduceResponse response;
    if (!stream_->Read(&response)) return {};
    return {response.results().begin(), response.results().end()};
  }
  // So many results, in any number of messages.
  std::vector<v1::ProduceResponse::Result> Read(std::size_t count) {
    std::vector<v1::ProduceResponse::Result> all;
    while (all.size() < count) {
      auto some = Read();
      if (some.empty()) break;
      all.insert(all.end(), some.begin(), some.end());
    }
    return all;
  }
  grpc::Status Finish() { return stream_->Finish(); }

 private:
  std::unique_ptr<grpc::ClientContext> context_ = Soon();
  std::unique_ptr<v1::LogService::Stub> stub_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::ProduceRequest, v1::ProduceResponse>> stream_;
};

class ProduceTest : public RpcTest {
 protected:
  bool WaitForBatches(std::size_t count) {
    return broker_.WaitUntil([&] { return broker_.batches() >= count; });
  }
};

TEST_F(ProduceTest, TheBrokerGetsWhatTheClientSent) {
  Serve();
  ProduceStream stream(channel_);
  stream.Open("orders", v1::ACKS_LEADER);
  stream.Send(1, "small");
  stream.Send(2, std::string(700'000, 'x'), 42);
  ASSERT_TRUE(WaitForBatches(2));
  EXPECT_EQ(broker_.opened(0).partition, (TopicPartition{"orders", 2}));
  EXPECT_EQ(broker_.opened(0).acks, Acks::kLeader);
  EXPECT_EQ(broker_.opened(0).origin.client_id, "tester");
  EXPECT_EQ(broker_.opened(0).origin.protocol, "grpc");
  EXPECT_EQ(broker_.opened(0).origin.peer.rfind("ipv4:127.0.0.1:", 0), 0u);
  EXPECT_EQ(broker_.batch_bytes(0), "small");
  EXPECT_EQ(broker_.expected_offset(0), std::nullopt);
  EXPECT_EQ(broker_.batch_bytes(1), std::string(700'000, 'x'));
  EXPECT_EQ(broker_.expected_offset(1), 42);
  broker_.AnswerBatch(0, At(0));
  broker_.AnswerBatch(1, At(1));
  stream.Close();
  EXPECT_EQ(stream.Read(2).size(), 2u);
  EXPECT_TRUE(stream.Finish().ok());
}

TEST_F(ProduceTest, AnswersComeInTheOrderOfTheBatchesAndManyInOneMessage) {
  Serve();
  ProduceStream stream(channel_);
  stream.Open("orders");
  for (std::uint64_t id = 100; id < 120; ++id) stream.Send(id);
  ASSERT_TRUE(WaitForBatches(20));
  for (std::size_t i = 20; i-- > 0;) broker_.AnswerBatch(i, At(static_cast<Offset>(i)));
  const auto results = stream.Read();
  ASSERT_EQ(results.size(), 20u) << "the first batch was answered last: all are ready at once";
  for (std::size_t i = 0; i < results.size(); ++i) {
    EXPECT_EQ(results[i].batch_id(), 100 + i);
    EXPECT_EQ(results[i].base_offset(), static_cast<Offset>(i));
    EXPECT_EQ(results[i].durability(), v1::DURABILITY_FSYNC);
  }
  stream.Close();
  EXPECT_TRUE(stream.Finish().ok());
}

TEST_F(ProduceTest, ARefusalIsAResultNotTheEnd) {
  Serve();
  ProduceStream stream(channel_);
  stream.Open("orders");
  stream.Send(1, "b", 5);
  ASSERT_TRUE(WaitForBatches(1));
  broker_.AnswerBatch(0, Error(ErrorCode::kUnexpectedOffset, "the log ends at 9")
                             .With("log_end_offset", std::int64_t{9}));
  const auto refused = stream.Read();
  ASSERT_EQ(refused.size(), 1u);
  EXPECT_EQ(refused[0].base_offset(), -1);
  EXPECT_EQ(refused[0].error().reason(), "UNEXPECTED_OFFSET");
  EXPECT_EQ(refused[0].error().metadata().at("log_end_offset"), "9");
  stream.Restart();
  stream.Send(2);
  ASSERT_TRUE(WaitForBatches(2));
  EXPECT_EQ(broker_.restarts(), 1);
  broker_.AnswerBatch(1, At(9));
  EXPECT_EQ(stream.Read()[0].base_offset(), 9);
  stream.Close();
  EXPECT_TRUE(stream.Finish().ok());
}

TEST_F(ProduceTest, AFullQueueStopsTheReadingAndLosesNothing) {
  Serve();
  broker_.SetRoom(2);
  ProduceStream stream(channel_);
  stream.Open("orders");
  for (std::uint64_t id = 0; id < 6; ++id) stream.Send(id, "batch" + std::to_string(id));
  ASSERT_TRUE(broker_.WaitUntil([&] { return broker_.attempts() == 3; }));
  EXPECT_FALSE(
      broker_.WaitUntil([&] { return broker_.attempts() > 3; }, std::chrono::milliseconds(100)))
      << "the third waits, the fourth is not read";
  EXPECT_EQ(broker_.batches(), 2u);
  broker_.SetRoom(1);
  ASSERT_TRUE(WaitForBatches(3));
  broker_.SetRoom(100);
  ASSERT_TRUE(WaitForBatches(6));
  for (std::size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(broker_.batch_bytes(i), "batch" + std::to_string(i));
    broker_.AnswerBatch(i, At(static_cast<Offset>(i)));
  }
  EXPECT_EQ(stream.Read(6).size(), 6u);
  stream.Close();
  EXPECT_TRUE(stream.Finish().ok());
}

TEST_F(ProduceTest, RoomThatComesAtOnceIsUsedWithoutRecursion) {
  Serve();
  broker_.SetRoom(0);
  broker_.SetRoomComesAtOnce(true);
  ProduceStream stream(channel_);
  stream.Open("orders");
  for (std::uint64_t id = 0; id < 50; ++id) stream.Send(id);
  EXPECT_TRUE(WaitForBatches(50));
  for (std::size_t i = 0; i < 50; ++i) broker_.AnswerBatch(i, At(0));
  stream.Close();
  EXPECT_EQ(stream.Read(50).size(), 50u);
  EXPECT_TRUE(stream.Finish().ok());
}

TEST_F(ProduceTest, BatchesInFlightAreBounded) {
  RpcOptions options;
  options.stream_batches_max = 4;
  Serve(options);
  ProduceStream stream(channel_);
  stream.Open("orders");
  for (std::uint64_t id = 0; id < 10; ++id) stream.Send(id);
  ASSERT_TRUE(WaitForBatches(4));
  EXPECT_FALSE(
      broker_.WaitUntil([&] { return broker_.batches() > 4; }, std::chrono::milliseconds(100)));
  broker_.AnswerBatch(0, At(0));
  EXPECT_EQ(stream.Read().size(), 1u);
  ASSERT_TRUE(WaitForBatches(5));
  for (std::size_t i = 1; i < 10; ++i) {
    ASSERT_TRUE(WaitForBatches(i + 1));
    broker_.AnswerBatch(i, At(static_cast<Offset>(i)));
  }
  EXPECT_EQ(stream.Read(9).size(), 9u);
  stream.Close();
  EXPECT_TRUE(stream.Finish().ok());
}

TEST_F(ProduceTest, BytesInFlightAreBounded) {
  RpcOptions options;
  options.stream_bytes_max = 100'000;
  Serve(options);
  ProduceStream stream(channel_);
  stream.Open("orders");
  std::thread sender([&] {
    for (std::uint64_t id = 0; id < 8; ++id) stream.Send(id, std::string(60'000, 'x'));
  });
  ASSERT_TRUE(WaitForBatches(2));
  EXPECT_FALSE(
      broker_.WaitUntil([&] { return broker_.batches() > 2; }, std::chrono::milliseconds(100)));
  for (std::size_t i = 0; i < 8; ++i) {
    ASSERT_TRUE(WaitForBatches(i + 1));
    broker_.AnswerBatch(i, At(static_cast<Offset>(i)));
  }
  sender.join();
  EXPECT_EQ(stream.Read(8).size(), 8u);
  stream.Close();
  EXPECT_TRUE(stream.Finish().ok());
}

TEST_F(ProduceTest, ClosingDrainsWhatIsUnderWay) {
  Serve();
  ProduceStream stream(channel_);
  stream.Open("orders");
  for (std::uint64_t id = 0; id < 3; ++id) stream.Send(id);
  stream.Close();
  ASSERT_TRUE(WaitForBatches(3));
  for (std::size_t i = 0; i < 3; ++i) broker_.AnswerBatch(i, At(static_cast<Offset>(i)));
  EXPECT_EQ(stream.Read(4).size(), 3u);
  EXPECT_TRUE(stream.Finish().ok());
}

TEST_F(ProduceTest, ClosingWhileTheStreamOpensIsFine) {
  Serve();
  broker_.HoldOpens(true);
  ProduceStream stream(channel_);
  stream.Open("orders");
  stream.Send(1);
  stream.Close();
  ASSERT_TRUE(broker_.WaitUntil([&] { return broker_.opens() == 1; }));
  broker_.ReleaseOpens();
  ASSERT_TRUE(WaitForBatches(1));
  broker_.AnswerBatch(0, At(0));
  EXPECT_EQ(stream.Read(1).size(), 1u);
  EXPECT_TRUE(stream.Finish().ok());
}

TEST_F(ProduceTest, AStreamThatSendsNothingEndsOk) {
  Serve();
  const RawAnswer answer = RawCall(channel_, kMethod, {});
  EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
}

TEST_F(ProduceTest, CancellingFreesTheSession) {
  Serve();
  ProduceStream stream(channel_);
  stream.Open("orders");
  stream.Send(1);
  ASSERT_TRUE(WaitForBatches(1));
  EXPECT_EQ(broker_.sessions(), 1);
  stream.Cancel();
  EXPECT_EQ(stream.Finish().error_code(), grpc::StatusCode::CANCELLED);
  broker_.AnswerBatch(0, At(0));  // The batch is still answered; nobody listens.
  EXPECT_TRUE(broker_.WaitUntil([&] { return broker_.sessions() == 0; }));
}

TEST_F(ProduceTest, CancellingWhileTheQueueIsFullFreesTheSession) {
  Serve();
  broker_.SetRoom(0);
  ProduceStream stream(channel_);
  stream.Open("orders");
  stream.Send(1);
  ASSERT_TRUE(broker_.WaitUntil([&] { return broker_.attempts() == 1; }));
  stream.Cancel();
  EXPECT_EQ(stream.Finish().error_code(), grpc::StatusCode::CANCELLED);
  broker_.SetRoom(10);
  // The room may be there before the broker hears of the cancelling: then it takes the batch.
  ASSERT_TRUE(broker_.WaitUntil([&] { return broker_.sessions() == 0 || broker_.batches() == 1; }));
  if (broker_.batches() == 1) broker_.AnswerBatch(0, At(0));
  EXPECT_TRUE(broker_.WaitUntil([&] { return broker_.sessions() == 0; }));
}

TEST_F(ProduceTest, AConnectionThatGoesAwayFreesTheSession) {
  Serve();
  {
    auto channel = Connect();
    ProduceStream stream(channel);
    stream.Open("orders");
    ASSERT_TRUE(broker_.WaitUntil([&] { return broker_.sessions() == 1; }));
    stream.Cancel();
    (void)stream.Finish();
  }
  EXPECT_TRUE(broker_.WaitUntil([&] { return broker_.sessions() == 0; }));
}

TEST_F(ProduceTest, AnUnknownTopicEndsTheStreamAndNamesIt) {
  Serve();
  broker_.RefuseToOpen(Error(ErrorCode::kUnknownTopic, "no topic named \"ordres\"")
                           .With("topic", "ordres")
                           .With("nearest", "orders"));
  ProduceStream stream(channel_);
  stream.Open("ordres");
  stream.Send(1);
  EXPECT_TRUE(stream.Read().empty());
  const grpc::Status status = stream.Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  const auto info = InfoOfStatus(status);
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->reason(), "UNKNOWN_TOPIC");
  EXPECT_EQ(info->metadata().at("nearest"), "orders");
  EXPECT_EQ(broker_.batches(), 0u);
}

TEST_F(ProduceTest, BrokenContractsEndTheStream) {
  Serve();
  v1::ProduceRequest open;
  open.mutable_open()->set_topic("orders");
  v1::ProduceRequest batch;
  batch.mutable_batch()->set_batch("b");
  v1::ProduceRequest restart;
  restart.mutable_restart();
  const std::vector<std::vector<std::string>> broken = {
      {batch.SerializeAsString()},
      {restart.SerializeAsString()},
      {open.SerializeAsString(), open.SerializeAsString()},
      {""},
      {"\xff\xff\xff garbage"},
      {open.SerializeAsString(), "\x12\x7f short"},
  };
  for (const auto& messages : broken) {
    const RawAnswer answer = RawCall(channel_, kMethod, messages);
    EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_EQ(ReasonOf(answer.status), "INVALID_ARGUMENT");
  }
  EXPECT_TRUE(broker_.WaitUntil([&] { return broker_.sessions() == 0; }));
}

TEST_F(ProduceTest, WhatWasTakenIsAnsweredBeforeABrokenContractEndsTheStream) {
  Serve();
  ProduceStream stream(channel_);
  stream.Open("orders");
  stream.Send(7);
  stream.Open("orders");
  ASSERT_TRUE(WaitForBatches(1));
  broker_.AnswerBatch(0, At(3));
  const auto results = stream.Read();
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(results[0].base_offset(), 3);
  EXPECT_TRUE(stream.Read().empty());
  EXPECT_EQ(ReasonOf(stream.Finish()), "INVALID_ARGUMENT");
}

TEST_F(ProduceTest, AnOversizedMessageIsRefusedAndTheServerServesOn) {
  Serve();
  {
    ProduceStream stream(channel_);
    stream.Open("orders");
    stream.Send(1, std::string(9 << 20, 'x'));
    EXPECT_TRUE(stream.Read().empty());
    const grpc::Status status = stream.Finish();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
    EXPECT_NE(status.error_message().find("larger than max"), std::string::npos);
  }
  EXPECT_TRUE(broker_.WaitUntil([&] { return broker_.sessions() == 0; }));
  EXPECT_EQ(broker_.batches(), 0u);
  ProduceStream stream(channel_);
  stream.Open("orders");
  stream.Send(2, std::string(7 << 20, 'y'));
  ASSERT_TRUE(WaitForBatches(1));
  broker_.AnswerBatch(0, At(0));
  stream.Close();
  EXPECT_EQ(stream.Read(1).size(), 1u);
  EXPECT_TRUE(stream.Finish().ok());
}

TEST_F(ProduceTest, StoppingAnswersWhatWasTakenAndSaysSo) {
  Serve();
  ProduceStream stream(channel_);
  ProduceStream idle(channel_);
  stream.Open("orders");
  stream.Send(1);
  idle.Open("orders");
  ASSERT_TRUE(WaitForBatches(1));
  ASSERT_TRUE(broker_.WaitUntil([&] { return broker_.sessions() == 2; }));
  auto stopped = std::async(std::launch::async, [&] { StopServing(); });
  EXPECT_TRUE(idle.Read().empty());
  const grpc::Status ended = idle.Finish();
  EXPECT_EQ(ended.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(ReasonOf(ended), "SHUTTING_DOWN");
  broker_.AnswerBatch(0, At(5));
  const auto results = stream.Read();
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(results[0].base_offset(), 5);
  EXPECT_TRUE(stream.Read().empty());
  EXPECT_EQ(ReasonOf(stream.Finish()), "SHUTTING_DOWN");
  stopped.get();
  EXPECT_EQ(broker_.sessions(), 0);
}

TEST_F(ProduceTest, StoppingGivesABatchUpThatWaitsForRoom) {
  Serve();
  broker_.SetRoom(0);
  ProduceStream stream(channel_);
  stream.Open("orders");
  stream.Send(1);
  ASSERT_TRUE(broker_.WaitUntil([&] { return broker_.attempts() == 1; }));
  auto stopped = std::async(std::launch::async, [&] { StopServing(); });
  EXPECT_FALSE(broker_.WaitUntil([] { return false; }, std::chrono::milliseconds(50)));
  broker_.SetRoom(100);  // As a broker that stops calls everybody back.
  const auto results = stream.Read();
  // Either taken just before, and then cut off unanswered, or answered "not written".
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(results[0].error().reason(), "SHUTTING_DOWN");
  EXPECT_EQ(ReasonOf(stream.Finish()), "SHUTTING_DOWN");
  stopped.get();
  EXPECT_EQ(broker_.batches(), 0u);
}

TEST_F(ProduceTest, StoppingIsBoundedByItsPatience) {
  Serve();
  ProduceStream stream(channel_);
  stream.Open("orders");
  stream.Send(1);
  ASSERT_TRUE(WaitForBatches(1));  // Never answered.
  const auto begin = std::chrono::steady_clock::now();
  StopServing(std::chrono::milliseconds(200));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
  EXPECT_FALSE(stream.Finish().ok());
  broker_.AnswerBatch(0, At(0));
  EXPECT_EQ(broker_.sessions(), 0);
}

TEST_F(ProduceTest, ManyStreamsShareOneConnection) {
  Serve();
  std::vector<std::unique_ptr<ProduceStream>> streams;
  for (int i = 0; i < 100; ++i) {
    streams.push_back(std::make_unique<ProduceStream>(channel_));
    streams.back()->Open("topic" + std::to_string(i));
    for (std::uint64_t id = 0; id < 5; ++id) streams.back()->Send(id);
  }
  ASSERT_TRUE(WaitForBatches(500));
  for (std::size_t i = 500; i-- > 0;) broker_.AnswerBatch(i, At(1));
  for (auto& stream : streams) {
    const auto results = stream->Read(5);
    ASSERT_EQ(results.size(), 5u);
    for (std::uint64_t id = 0; id < 5; ++id) EXPECT_EQ(results[id].batch_id(), id);
    stream->Close();
    EXPECT_TRUE(stream->Finish().ok());
  }
}

}  // namespace
}  // namespace qalam
