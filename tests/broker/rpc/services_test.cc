#include <chrono>

#include "qalam/v1/cluster.grpc.pb.h"
#include "qalam/v1/log.grpc.pb.h"
#include "qalam/v1/observe.grpc.pb.h"
#include "qalam/v1/topic.grpc.pb.h"
#include "tests/broker/rpc/raw_call.h"
#include "tests/broker/rpc/rpc_test.h"

namespace qalam {
namespace {

class ServicesTest : public RpcTest {
 protected:
  void Connected() {
    Serve();
    log_ = v1::LogService::NewStub(channel_);
    topics_ = v1::TopicService::NewStub(channel_);
    cluster_ = v1::ClusterService::NewStub(channel_);
    observe_ = v1::ObserveService::NewStub(channel_);
  }
  std::unique_ptr<v1::LogService::Stub> log_;
  std::unique_ptr<v1::TopicService::Stub> topics_;
  std::unique_ptr<v1::ClusterService::Stub> cluster_;
  std::unique_ptr<v1::ObserveService::Stub> observe_;
};

TEST_F(ServicesTest, AppendPassesRecordsOriginAndDeadlineOn) {
  Connected();
  v1::AppendRequest request;
  request.set_topic("orders");
  request.set_partition(1);
  request.set_client_id("curl");
  request.add_records()->set_value("v");
  request.add_records()->set_key("k");
  v1::AppendResponse response;
  auto context = std::make_unique<grpc::ClientContext>();
  context->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(15));
  const grpc::Status status = log_->Append(context.get(), request, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.base_offset(), 10);
  EXPECT_EQ(response.last_offset(), 11);
  EXPECT_EQ(response.leader_epoch(), 4);
  EXPECT_EQ(response.durability(), v1::DURABILITY_FSYNC);
  const auto asked = broker_.append();
  ASSERT_TRUE(asked && asked->deadline);
  EXPECT_EQ(asked->partition, (TopicPartition{"orders", 1}));
  EXPECT_EQ(asked->origin->client_id, "curl");
  EXPECT_EQ(asked->origin->protocol, "grpc");
  EXPECT_EQ(asked->records.size(), 2u);
  const MonotonicTime left = *asked->deadline - SystemClock::Get().Now();
  EXPECT_GT(left, std::chrono::seconds(5));
  EXPECT_LE(left, std::chrono::seconds(15));
}

TEST_F(ServicesTest, AnAppendWithoutADeadlineGetsTheServersCap) {
  Connected();
  grpc::ClientContext context;
  v1::AppendResponse response;
  ASSERT_TRUE(log_->Append(&context, v1::AppendRequest(), &response).ok());
  const MonotonicTime left = *broker_.append()->deadline - SystemClock::Get().Now();
  EXPECT_GT(left, RpcOptions().unary_deadline_max - std::chrono::seconds(10));
  EXPECT_LE(left, RpcOptions().unary_deadline_max);
}

TEST_F(ServicesTest, ATraceparentOfTheRequestComesAlong) {
  Connected();
  constexpr const char* kTrace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  v1::AppendResponse response;
  auto context = Soon();
  context->AddMetadata("traceparent", kTrace);
  ASSERT_TRUE(log_->Append(context.get(), v1::AppendRequest(), &response).ok());
  ASSERT_TRUE(broker_.append()->origin->trace);
  EXPECT_EQ(broker_.append()->origin->trace->ToString(), kTrace);
  context = Soon();
  context->AddMetadata("traceparent", "nonsense");
  ASSERT_TRUE(log_->Append(context.get(), v1::AppendRequest(), &response).ok());
  EXPECT_FALSE(broker_.append()->origin->trace);
}

TEST_F(ServicesTest, StoriesAndRefusalsAreTranslated) {
  Connected();
  v1::ExplainRecordRequest request;
  request.set_topic("orders");
  request.set_partition(1);
  request.set_offset(20);
  v1::ExplainRecordResponse story;
  ASSERT_TRUE(observe_->ExplainRecord(Soon().get(), request, &story).ok());
  EXPECT_EQ(story.topic(), "orders");
  EXPECT_EQ(story.offset(), 20);
  EXPECT_EQ(story.batch().sender().client_id(), "billing");
  EXPECT_EQ(story.batch().durability(), v1::DURABILITY_FSYNC);
  EXPECT_EQ(story.batch().group().closed(), v1::GROUP_CLOSED_FULL);
  EXPECT_EQ(story.batch().group().sync_ns(), -1);
  EXPECT_EQ(story.lines(0), "a line");
  broker_.FailNext(Error(ErrorCode::kNotFound, "forgotten"));
  EXPECT_EQ(ReasonOf(observe_->ExplainRecord(Soon().get(), request, &story)), "NOT_FOUND");

  v1::ListRefusalsRequest asked;
  v1::ListRefusalsResponse list;
  ASSERT_TRUE(observe_->ListRefusals(Soon().get(), asked, &list).ok());
  EXPECT_EQ(list.refusals(0).code(), "UNEXPECTED_OFFSET");
  EXPECT_EQ(list.complete_since_ms(), 5);
  asked.set_limit(-1);
  EXPECT_EQ(ReasonOf(observe_->ListRefusals(Soon().get(), asked, &list)), "INVALID_ARGUMENT");
}

TEST_F(ServicesTest, AppendAnswersErrorsRichly) {
  Connected();
  broker_.FailNext(Error(ErrorCode::kOverloaded, "the queue is full"));
  v1::AppendResponse response;
  grpc::Status status = log_->Append(Soon().get(), v1::AppendRequest(), &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(ReasonOf(status), "OVERLOADED");

  v1::AppendRequest request;
  request.set_producer_epoch(-1);
  status = log_->Append(Soon().get(), request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(ServicesTest, FetchAnswersBatchesAsStored) {
  Connected();
  v1::FetchRequest request;
  request.set_topic("orders");
  request.set_partition(1);
  request.set_offset(20);
  request.set_max_bytes(77);
  request.set_max_wait_ms(100);
  v1::FetchResponse response;
  ASSERT_TRUE(log_->Fetch(Soon().get(), request, &response).ok());
  EXPECT_EQ(response.batches(), "batch one," + std::string(100'000, 'x'));
  EXPECT_EQ(response.next_offset(), 22);
  EXPECT_EQ(response.high_watermark(), 50);
  EXPECT_EQ(response.log_start_offset(), 1);
  EXPECT_EQ(response.leader_epoch(), 4);
  EXPECT_EQ(broker_.fetch()->partition, (TopicPartition{"orders", 1}));
  EXPECT_EQ(broker_.fetch()->offset, 20);
  EXPECT_EQ(broker_.fetch()->bytes_max, 77u);
  EXPECT_EQ(broker_.fetch()->wait_max, std::chrono::milliseconds(100));

  broker_.FailNext(Error(ErrorCode::kOffsetOutOfRange, "beyond the end"));
  EXPECT_EQ(ReasonOf(log_->Fetch(Soon().get(), request, &response)), "OFFSET_OUT_OF_RANGE");
}

TEST_F(ServicesTest, ALongPollEndsBeforeItsDeadline) {
  Connected();
  v1::FetchRequest request;
  request.set_max_wait_ms(600'000);
  v1::FetchResponse response;
  auto context = std::make_unique<grpc::ClientContext>();
  context->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
  ASSERT_TRUE(log_->Fetch(context.get(), request, &response).ok());
  EXPECT_LT(broker_.fetch()->wait_max, std::chrono::seconds(10));
  EXPECT_GT(broker_.fetch()->wait_max, std::chrono::seconds(5));
  grpc::ClientContext without;
  ASSERT_TRUE(log_->Fetch(&without, request, &response).ok());
  EXPECT_LE(broker_.fetch()->wait_max, RpcOptions().unary_deadline_max);
}

TEST_F(ServicesTest, GarbageIsATypedErrorOnEveryMethod) {
  Connected();
  const char* const methods[] = {"LogService/Fetch",         "LogService/Append",
                                 "LogService/ListOffsets",   "TopicService/CreateTopic",
                                 "ClusterService/SetConfig", "ObserveService/ExplainRecord"};
  for (const char* const method : methods) {
    const RawAnswer answer =
        RawCall(channel_, std::string("/qalam.v1.") + method, {"\x0a\xff\xff\xff garbage"});
    EXPECT_FALSE(answer.status.ok()) << method;
  }
  EXPECT_EQ(RawCall(channel_, "/qalam.v1.LogService/Unknown", {""}).status.error_code(),
            grpc::StatusCode::UNIMPLEMENTED);
  v1::InitProducerResponse response;
  EXPECT_TRUE(log_->InitProducer(Soon().get(), {}, &response).ok()) << "the server serves on";
  EXPECT_EQ(response.producer_id(), 1000);
}

TEST_F(ServicesTest, ListOffsetsAnswersEveryQuery) {
  Connected();
  v1::ListOffsetsRequest request;
  request.set_topic("orders");
  request.add_queries()->set_earliest(true);
  request.add_queries()->set_latest(true);
  request.mutable_queries(1)->set_partition(3);
  v1::ListOffsetsResponse response;
  ASSERT_TRUE(log_->ListOffsets(Soon().get(), request, &response).ok());
  ASSERT_EQ(response.results_size(), 2);
  EXPECT_EQ(response.results(1).partition(), 3);
  EXPECT_EQ(response.results(1).offset(), 5);
  request.add_queries();
  const grpc::Status status = log_->ListOffsets(Soon().get(), request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(ServicesTest, TopicsAreCreatedDescribedListedAlteredTrimmedAndDeleted) {
  Connected();
  v1::CreateTopicRequest create;
  create.set_name("orders");
  create.set_partitions_count(4);
  create.set_validate_only(true);
  v1::CreateTopicResponse created;
  ASSERT_TRUE(topics_->CreateTopic(Soon().get(), create, &created).ok());
  EXPECT_EQ(broker_.last_call(), "CreateTopic orders validate");
  EXPECT_EQ(created.topic().partitions_count(), 4);

  v1::DescribeTopicRequest describe;
  describe.set_name("orders");
  v1::DescribeTopicResponse described;
  ASSERT_TRUE(topics_->DescribeTopic(Soon().get(), describe, &described).ok());
  EXPECT_EQ(described.topic().name(), "orders");
  EXPECT_EQ(described.partitions_size(), 2);
  EXPECT_EQ(described.config(0).key(), "retention.ms");

  v1::ListTopicsRequest list;
  list.set_page_size(7);
  list.set_page_token("here");
  v1::ListTopicsResponse listed;
  ASSERT_TRUE(topics_->ListTopics(Soon().get(), list, &listed).ok());
  EXPECT_EQ(broker_.last_call(), "ListTopics 7 here");
  EXPECT_EQ(listed.topics(0).name(), "orders");
  EXPECT_EQ(listed.next_page_token(), "next");

  v1::AlterTopicConfigRequest alter;
  alter.set_name("orders");
  (*alter.mutable_set())["retention.ms"] = "5";
  alter.add_unset("segment.bytes");
  v1::AlterTopicConfigResponse altered;
  ASSERT_TRUE(topics_->AlterTopicConfig(Soon().get(), alter, &altered).ok());
  EXPECT_EQ(altered.config_size(), 2);

  v1::TrimPartitionRequest trim;
  trim.set_topic("orders");
  trim.set_partition(1);
  trim.set_before_offset(33);
  trim.set_validate_only(true);
  v1::TrimPartitionResponse trimmed;
  ASSERT_TRUE(topics_->TrimPartition(Soon().get(), trim, &trimmed).ok());
  EXPECT_EQ(broker_.last_call(), "TrimPartition orders-1 validate");
  EXPECT_EQ(trimmed.log_start_offset(), 33);

  v1::DeleteTopicRequest remove;
  remove.set_name("orders");
  v1::DeleteTopicResponse removed;
  ASSERT_TRUE(topics_->DeleteTopic(Soon().get(), remove, &removed).ok());
  EXPECT_EQ(broker_.last_call(), "DeleteTopic orders");

  broker_.FailNext(Error(ErrorCode::kTopicExists, "orders exists").With("topic", "orders"));
  const grpc::Status status = topics_->CreateTopic(Soon().get(), create, &created);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::ALREADY_EXISTS);
  EXPECT_EQ(ReasonOf(status), "TOPIC_EXISTS");
}

TEST_F(ServicesTest, TheClusterIsDescribedAndConfigured) {
  Connected();
  v1::DescribeClusterResponse cluster;
  ASSERT_TRUE(cluster_->DescribeCluster(Soon().get(), {}, &cluster).ok());
  EXPECT_EQ(cluster.cluster_id(), "cluster");
  v1::ListBrokersResponse brokers;
  ASSERT_TRUE(cluster_->ListBrokers(Soon().get(), {}, &brokers).ok());
  EXPECT_EQ(brokers.brokers(0).address(), "127.0.0.1:7420");

  v1::ListPartitionsRequest list;
  list.set_topic("orders");
  list.set_page_size(3);
  list.set_page_token("at");
  v1::ListPartitionsResponse partitions;
  ASSERT_TRUE(cluster_->ListPartitions(Soon().get(), list, &partitions).ok());
  EXPECT_EQ(broker_.last_call(), "ListPartitions orders 3 at");
  EXPECT_EQ(partitions.partitions_size(), 3);
  EXPECT_EQ(partitions.next_page_token(), "more");

  v1::GetConfigRequest get;
  get.add_keys("log.level");
  v1::GetConfigResponse got;
  ASSERT_TRUE(cluster_->GetConfig(Soon().get(), get, &got).ok());
  EXPECT_EQ(got.config(0).value(), "value");

  v1::SetConfigRequest set;
  (*set.mutable_set())["log.level"] = "debug";
  set.set_validate_only(true);
  v1::SetConfigResponse done;
  ASSERT_TRUE(cluster_->SetConfig(Soon().get(), set, &done).ok());
  EXPECT_EQ(broker_.last_call(), "SetConfig validate");
  EXPECT_EQ(done.config(0).source(), v1::ConfigEntry::SOURCE_DYNAMIC);
}

}  // namespace
}  // namespace qalam
