#include <gtest/gtest.h>

#include "qalam/v1/log.grpc.pb.h"
#include "qalam/v1/observe.grpc.pb.h"
#include "tests/broker/rpc/rpc_test.h"

namespace qalam {
namespace {

class FiguresTest : public RpcTest {
 protected:
  void Connected() {
    Serve();
    observe_ = v1::ObserveService::NewStub(channel_);
    log_ = v1::LogService::NewStub(channel_);
  }
  v1::ListStreamsResponse List(std::int32_t limit = 0) {
    v1::ListStreamsRequest request;
    request.set_limit(limit);
    v1::ListStreamsResponse response;
    const grpc::Status status = observe_->ListStreams(Soon().get(), request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }
  std::unique_ptr<v1::ObserveService::Stub> observe_;
  std::unique_ptr<v1::LogService::Stub> log_;
};

TEST_F(FiguresTest, FiguresComeWholeOrWithoutPartitions) {
  Connected();
  v1::ReadFiguresRequest request;
  v1::ReadFiguresResponse response;
  ASSERT_TRUE(observe_->ReadFigures(Soon().get(), request, &response).ok());
  EXPECT_EQ(response.partitions_size(), 1);
  request.set_writers_only(true);
  ASSERT_TRUE(observe_->ReadFigures(Soon().get(), request, &response).ok());
  EXPECT_EQ(response.partitions_size(), 0);
  broker_.FailNext(Error(ErrorCode::kShuttingDown, "stopping"));
  EXPECT_EQ(ReasonOf(observe_->ReadFigures(Soon().get(), request, &response)), "SHUTTING_DOWN");
}

TEST_F(FiguresTest, StreamsAreListedWhileTheyAreOpen) {
  Connected();
  EXPECT_EQ(List().count(), 0u);
  auto context = Soon();
  v1::TailRequest tail;
  tail.set_topic("orders");
  tail.set_partition(1);
  tail.set_client_id("reader");
  const auto reading = log_->Tail(context.get(), tail);
  v1::TailResponse first;
  ASSERT_TRUE(reading->Read(&first));
  auto produce_context = Soon();
  const auto producing = log_->Produce(produce_context.get());
  v1::ProduceRequest open;
  open.mutable_open()->set_topic("orders");
  open.mutable_open()->set_partition(2);
  open.mutable_open()->set_client_id("writer");
  ASSERT_TRUE(producing->Write(open));
  ASSERT_TRUE(broker_.WaitUntil([&] { return broker_.opens() == 1; }));

  const v1::ListStreamsResponse both = List();
  ASSERT_EQ(both.count(), 2u);
  ASSERT_EQ(both.streams_size(), 2);
  EXPECT_EQ(both.streams(0).kind(), "tail");
  EXPECT_EQ(both.streams(0).topic(), "orders");
  EXPECT_EQ(both.streams(0).partition(), 1);
  EXPECT_EQ(both.streams(0).client_id(), "reader");
  EXPECT_EQ(both.streams(0).protocol(), "grpc");
  EXPECT_EQ(both.streams(0).peer().substr(0, 15), "ipv4:127.0.0.1:");
  EXPECT_GT(both.streams(0).opened_ms(), 1'600'000'000'000);
  EXPECT_EQ(both.streams(1).kind(), "produce");
  EXPECT_EQ(both.streams(1).client_id(), "writer");
  EXPECT_EQ(List(1).streams_size(), 1);
  EXPECT_EQ(List(1).count(), 2u);

  context->TryCancel();
  producing->WritesDone();
  v1::ProduceResponse none;
  EXPECT_FALSE(producing->Read(&none));
  EXPECT_TRUE(broker_.WaitUntil([&] { return broker_.tails_cancelled() == 1; }));
  for (int i = 0; i < 1000 && List().count() > 0; ++i) {
  }
  EXPECT_EQ(List().count(), 0u);
}

TEST_F(FiguresTest, ALimitBeyondTheBoundsIsRefused) {
  Connected();
  v1::ListStreamsRequest request;
  request.set_limit(10'001);
  v1::ListStreamsResponse response;
  EXPECT_EQ(ReasonOf(observe_->ListStreams(Soon().get(), request, &response)), "INVALID_ARGUMENT");
}

}  // namespace
}  // namespace qalam
