#include <grpcpp/support/sync_stream.h>

#include <future>
#include <thread>
#include <vector>

#include "qalam/v1/log.grpc.pb.h"
#include "tests/broker/rpc/raw_call.h"
#include "tests/broker/rpc/rpc_test.h"

namespace qalam {
namespace {

class TailStream {
 public:
  TailStream(const std::shared_ptr<grpc::Channel>& channel, const std::string& topic,
             Offset from = 0)
      : stub_(v1::LogService::NewStub(channel)) {
    v1::TailRequest request;
    request.set_topic(topic);
    request.set_partition(1);
    request.set_offset(from);
    request.set_max_bytes(5000);
    stream_ = stub_->Tail(context_.get(), request);
  }
  std::optional<v1::TailResponse> Read() {
    v1::TailResponse response;
    if (!stream_->Read(&response)) return std::nullopt;
    return response;
  }
  void Cancel() { context_->TryCancel(); }
  grpc::Status Finish() { return stream_->Finish(); }

 private:
  std::unique_ptr<grpc::ClientContext> context_ = Soon();
  std::unique_ptr<v1::LogService::Stub> stub_;
  std::unique_ptr<grpc::ClientReader<v1::TailResponse>> stream_;
};

class TailTest : public RpcTest {
 protected:
  bool WaitForParked(std::size_t count) {
    return broker_.WaitUntil([&] { return broker_.tails_parked() == count; });
  }
};

TEST_F(TailTest, SendsWhatTheLogHasAsItComes) {
  Serve();
  TailStream tail(channel_, "orders", 7);
  const auto first = tail.Read();
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->batches(), "");
  EXPECT_EQ(first->next_offset(), 7);
  EXPECT_EQ(broker_.last_call(), "OpenTail orders-1 7 5000");
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(WaitForParked(1));
    FetchResult result;
    result.batches = {SharedSlice::Copy(AsBytes("tiny")),
                      SharedSlice::Own(Bytes(3000, std::byte{'b'}))};
    result.next_offset = 100 + i;
    result.high_watermark = 200;
    result.log_start_offset = 2;
    result.leader_epoch = 3;
    broker_.AnswerTail(0, std::move(result));
    const auto more = tail.Read();
    ASSERT_TRUE(more.has_value());
    EXPECT_EQ(more->batches(), "tiny" + std::string(3000, 'b'));
    EXPECT_EQ(more->next_offset(), 100 + i);
    EXPECT_EQ(more->high_watermark(), 200);
    EXPECT_EQ(more->log_start_offset(), 2);
    EXPECT_EQ(more->leader_epoch(), 3);
  }
}

TEST_F(TailTest, ASlowReaderStallsOnlyItself) {
  Serve();
  broker_.TailFor("slow", 200'000);
  broker_.TailFor("fast", 200'000);
  TailStream slow(channel_, "slow");
  ASSERT_TRUE(slow.Read().has_value());  // And from here on it does not read.
  TailStream fast(channel_, "fast");
  for (int i = 0; i < 300; ++i) ASSERT_TRUE(fast.Read().has_value()) << i;
  // What the slow one was given is bounded by its window, not by what there is.
  const int asked = broker_.tail_questions("slow");
  EXPECT_LT(asked, 60);
  EXPECT_GT(broker_.tail_questions("fast"), 290);
  // It goes on where it was.
  for (int i = 1; i < 100; ++i) {
    const auto next = slow.Read();
    ASSERT_TRUE(next.has_value());
    EXPECT_EQ(next->next_offset(), i);
  }
}

TEST_F(TailTest, ReadsOnePieceAheadOfWhatIsBeingSent) {
  Serve();
  TailStream tail(channel_, "orders", 7);
  ASSERT_TRUE(tail.Read().has_value());
  for (int i = 0; i < 2; ++i) {
    // The second while the first can't be sent, since nobody reads.
    ASSERT_TRUE(WaitForParked(1)) << i;
    FetchResult piece;
    piece.batches = {SharedSlice::Own(Bytes(std::size_t{4} << 20, std::byte{'b'}))};
    piece.next_offset = 100 + i;
    broker_.AnswerTail(0, std::move(piece));
  }
  EXPECT_TRUE(broker_.WaitUntil([&] { return broker_.tail_questions("orders") == 3; }));
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_EQ(broker_.tail_questions("orders"), 3);  // And no further.
  for (int i = 0; i < 2; ++i) {
    const auto piece = tail.Read();
    ASSERT_TRUE(piece.has_value());
    EXPECT_EQ(piece->next_offset(), 100 + i);
  }
  EXPECT_TRUE(WaitForParked(1));
}

TEST_F(TailTest, CancellingFreesTheSessionAtOnce) {
  Serve();
  TailStream parked(channel_, "orders");
  ASSERT_TRUE(parked.Read().has_value());
  ASSERT_TRUE(WaitForParked(1));
  parked.Cancel();
  EXPECT_EQ(parked.Finish().error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_TRUE(broker_.WaitUntil([&] { return broker_.tails() == 0; }));
  EXPECT_EQ(broker_.tails_cancelled(), 1);

  broker_.TailFor("endless", 100'000);
  TailStream stalled(channel_, "endless");
  ASSERT_TRUE(stalled.Read().has_value());
  stalled.Cancel();
  (void)stalled.Finish();
  EXPECT_TRUE(broker_.WaitUntil([&] { return broker_.tails() == 0; }));
}

TEST_F(TailTest, AnErrorOfTheSessionEndsTheStream) {
  Serve();
  TailStream tail(channel_, "orders");
  ASSERT_TRUE(tail.Read().has_value());
  ASSERT_TRUE(WaitForParked(1));
  broker_.AnswerTail(0, Error(ErrorCode::kOffsetOutOfRange, "the log starts at 50")
                            .With("log_start_offset", std::int64_t{50}));
  EXPECT_FALSE(tail.Read().has_value());
  const grpc::Status status = tail.Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::OUT_OF_RANGE);
  EXPECT_EQ(InfoOfStatus(status)->metadata().at("log_start_offset"), "50");
  EXPECT_TRUE(broker_.WaitUntil([&] { return broker_.tails() == 0; }));
}

TEST_F(TailTest, AnErrorAtOpeningEndsTheStream) {
  Serve();
  broker_.FailNext(Error(ErrorCode::kUnknownPartition, "no partition 1"));
  TailStream tail(channel_, "orders");
  EXPECT_FALSE(tail.Read().has_value());
  EXPECT_EQ(ReasonOf(tail.Finish()), "UNKNOWN_PARTITION");
}

TEST_F(TailTest, ARequestThatIsGarbageIsInvalid) {
  Serve();
  const RawAnswer answer = RawCall(channel_, "/qalam.v1.LogService/Tail", {"\xff\xff garbage"});
  EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(ReasonOf(answer.status), "INVALID_ARGUMENT");
}

TEST_F(TailTest, StoppingEndsEveryTail) {
  Serve();
  broker_.TailFor("endless", 100'000);
  TailStream parked(channel_, "orders");
  TailStream stalled(channel_, "endless");
  ASSERT_TRUE(parked.Read().has_value());
  ASSERT_TRUE(stalled.Read().has_value());
  ASSERT_TRUE(WaitForParked(1));
  auto stopped = std::async(std::launch::async, [&] { StopServing(); });
  EXPECT_FALSE(parked.Read().has_value());
  const grpc::Status status = parked.Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(ReasonOf(status), "SHUTTING_DOWN");
  while (stalled.Read().has_value()) {
  }
  EXPECT_EQ(ReasonOf(stalled.Finish()), "SHUTTING_DOWN");
  stopped.get();
  EXPECT_EQ(broker_.tails(), 0);
}

TEST_F(TailTest, AReaderThatNeverReadsDoesNotHoldTheStopUp) {
  Serve();
  broker_.TailFor("endless", 1'000'000);
  TailStream stalled(channel_, "endless");
  ASSERT_TRUE(broker_.WaitUntil([&] { return broker_.tail_questions("endless") >= 2; }));
  const auto begin = std::chrono::steady_clock::now();
  StopServing(std::chrono::milliseconds(300));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
  EXPECT_EQ(broker_.tails(), 0);
}

TEST_F(TailTest, TwoHundredTailsShareOneConnection) {
  Serve();
  std::vector<std::unique_ptr<TailStream>> tails;
  for (int i = 0; i < 200; ++i) tails.push_back(std::make_unique<TailStream>(channel_, "orders"));
  for (auto& tail : tails) ASSERT_TRUE(tail->Read().has_value());
  ASSERT_TRUE(WaitForParked(200));
  for (int i = 0; i < 200; ++i) {
    FetchResult result;
    result.batches = {SharedSlice::Copy(AsBytes("news"))};
    broker_.AnswerTail(0, std::move(result));
  }
  for (auto& tail : tails) EXPECT_EQ(tail->Read()->batches(), "news");
}

TEST_F(TailTest, StreamsBeyondTheLimitAreRefused) {
  RpcOptions options;
  options.open_streams_max = 2;
  Serve(options);
  TailStream one(channel_, "orders");
  TailStream two(channel_, "orders");
  ASSERT_TRUE(one.Read().has_value());
  ASSERT_TRUE(two.Read().has_value());
  {
    TailStream three(channel_, "orders");
    EXPECT_FALSE(three.Read().has_value());
    const grpc::Status status = three.Finish();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
    EXPECT_EQ(ReasonOf(status), "TOO_MANY_REQUESTS");
  }
  one.Cancel();
  (void)one.Finish();
  ASSERT_TRUE(broker_.WaitUntil([&] { return broker_.tails() == 1; }));
  EXPECT_TRUE(broker_.WaitUntil([&] { return TailStream(channel_, "orders").Read().has_value(); }));
}

}  // namespace
}  // namespace qalam
