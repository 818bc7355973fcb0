// Client, Admin, errors and results: what a program sees besides producing and reading.
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "client/wire_error.h"
#include "common/ids.h"
#include "qalam/client.h"
#include "tests/client/fake_broker.h"

namespace qalam::abi0 {
namespace {

using namespace std::chrono_literals;

TEST(ClientTest, ConnectingIsLazyAndChecksAddressesOnly) {
  EXPECT_TRUE(Client::Connect("127.0.0.1:1").ok());
  EXPECT_TRUE(Client::Connect("unix:/nowhere.sock,127.0.0.1:1").ok());
  EXPECT_EQ(Client::Connect("").error().code(), "INVALID_ARGUMENT");
  EXPECT_EQ(Client::Connect("nonsense").error().code(), "INVALID_ARGUMENT");
}

TEST(ClientTest, AClosedPortIsUnreachableAndNamesTheAddress) {
  const Client client = Client::Connect("127.0.0.1:1").Value();
  const auto topics = client.admin().ListTopics();
  ASSERT_FALSE(topics.ok());
  EXPECT_EQ(topics.error().code(), "UNREACHABLE");
  EXPECT_EQ(topics.error().broker(), "127.0.0.1:1");
  EXPECT_NE(topics.error().hint().find("127.0.0.1:1"), std::string::npos);
  EXPECT_TRUE(topics.error().retriable());
}

TEST(ClientTest, AsksTheNextAddressWhenOneIsUnreachable) {
  FakeBroker broker;
  broker.CreateTopic("orders", 2);
  const Client client = Client::Connect("127.0.0.1:1," + broker.address()).Value();
  EXPECT_EQ(client.PartitionsOf("orders").Value().size(), 2u);
  const Client other = Client::Connect("127.0.0.1:1," + broker.address()).Value();
  EXPECT_TRUE(other.admin().CreateTopic({"new", 1, 0, {}}).ok());
  Producer producer = client.NewProducer();
  EXPECT_TRUE(producer.Send(Record("orders", "k", "v")).Get().ok());
}

TEST(AdminTest, TranslatesBothWays) {
  FakeBroker broker;
  const Client client = broker.Connect();
  const auto made = client.admin().CreateTopic({"orders", 3, 0, {{"retention.ms", "1000"}}});
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(made->name, "orders");
  EXPECT_EQ(made->partitions_count, 3);
  EXPECT_EQ(made->config.at("retention.ms"), "1000");
  const auto error = client.admin().CreateTopic({"orders", 3, 0, {}}, /*validate_only=*/true);
  ASSERT_FALSE(error.ok());
  EXPECT_EQ(error.error().code(), "TOPIC_EXISTS");
  EXPECT_EQ(error.error().details().at("from"), "fake");
  EXPECT_EQ(error.error().broker(), broker.address());
  EXPECT_FALSE(error.error().hint().empty());
}

TEST(AdminTest, CollectsAllPages) {
  FakeBroker broker;
  for (const char* name : {"a", "b", "c"}) broker.CreateTopic(name, 1);
  EXPECT_EQ(broker.Connect().admin().ListTopics().Value().size(), 3u);
}

TEST(AdminTest, ListsOffsetsAndRefusesWhatTheBrokerCannotAnswer) {
  FakeBroker broker;
  broker.CreateTopic("orders", 1);
  broker.Append("orders", 0, "a", 5, 1000);
  const Admin admin = broker.Connect().admin();
  const auto answers =
      admin.ListOffsets("orders", {{0, From::Start()}, {0, From::End()}, {7, From::End()}}).Value();
  ASSERT_EQ(answers.size(), 3u);
  EXPECT_EQ(answers[0].offset, 0);
  EXPECT_EQ(answers[1].offset, 5);
  EXPECT_EQ(answers[2].status.error().code(), "UNKNOWN_PARTITION");
  EXPECT_EQ(admin.ListOffsets("orders", {{0, From::Last(3)}}).error().code(), "INVALID_ARGUMENT");
  EXPECT_EQ(admin.ListOffsets("nope", {{0, From::End()}}).error().code(), "UNKNOWN_TOPIC");
}

TEST(AdminTest, EveryCallHasADeadline) {
  FakeBroker broker;
  const Client client = broker.Connect();
  const auto start = std::chrono::steady_clock::now();
  // Whether a change was made that nobody answered is unknown.
  const Status status = client.admin().WithTimeout(100ms).DeleteTopic("orders");
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code(), "AMBIGUOUS");
  EXPECT_EQ(status.error().message(),
            "no answer from " + broker.address() +
                " within 100 ms; topic delete may or may not have been carried out");
  EXPECT_NE(status.error().hint().find("qalam topic describe orders"), std::string::npos);
  EXPECT_FALSE(status.error().retriable());
  const Status checked = client.admin().WithTimeout(100ms).DeleteTopic("orders", true);
  ASSERT_FALSE(checked.ok());
  EXPECT_EQ(checked.error().code(), "TIMED_OUT");
  EXPECT_EQ(checked.error().message(), "no answer from " + broker.address() + " within 100 ms");
  EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
}

TEST(ErrorTest, KnownWordsBringTheirHintAndRetryRule) {
  const Error known("NO_SPACE", "the disk is full");
  EXPECT_TRUE(known.retriable());
  EXPECT_FALSE(known.hint().empty());
  EXPECT_STREQ(known.what(), "NO_SPACE: the disk is full");
  const Error unknown("FROM_THE_FUTURE", "?");
  EXPECT_FALSE(unknown.retriable());
  EXPECT_TRUE(unknown.hint().empty());
}

TEST(ErrorTest, WordsOfANewerBrokerKeepWhatItSaidOfThem) {
  v1::ErrorStatus wire;
  wire.set_reason("FROM_THE_FUTURE");
  wire.set_retriable(true);
  (*wire.mutable_metadata())["k"] = "v";
  const Error error = ErrorFromWire(wire, "b:1");
  EXPECT_EQ(error.code(), "FROM_THE_FUTURE");
  EXPECT_TRUE(error.retriable());
  EXPECT_EQ(error.details().at("k"), "v");
}

TEST(ErrorTest, PlainStatusesHaveWords) {
  const auto word = [](grpc::StatusCode code, const std::string& message = "m") {
    return ErrorFromGrpc({code, message}, "b:1").code();
  };
  EXPECT_EQ(word(grpc::StatusCode::UNAVAILABLE), "UNREACHABLE");
  EXPECT_EQ(word(grpc::StatusCode::DEADLINE_EXCEEDED), "TIMED_OUT");
  EXPECT_EQ(word(grpc::StatusCode::UNAUTHENTICATED), "PERMISSION_DENIED");
  EXPECT_EQ(word(grpc::StatusCode::RESOURCE_EXHAUSTED), "TOO_MANY_REQUESTS");
  EXPECT_EQ(word(grpc::StatusCode::RESOURCE_EXHAUSTED, "Received message larger than max (9)"),
            "MESSAGE_TOO_LARGE");
  EXPECT_EQ(word(grpc::StatusCode::INTERNAL), "UNKNOWN");
  EXPECT_FALSE(ErrorFromGrpc({grpc::StatusCode::INTERNAL, ""}, "b:1").message().empty());
}

TEST(ErrorTest, WhoeverSpeaksNoGrpcOfOursIsNamed) {
  for (const auto& [code, message] :
       {std::pair(grpc::StatusCode::UNIMPLEMENTED, "Received http2 header with status: 404"),
        std::pair(grpc::StatusCode::UNAVAILABLE, "Trying to connect an http1.x server")}) {
    const Error error = ErrorFromGrpc({code, message}, "b:1");
    EXPECT_EQ(error.code(), "UNREACHABLE");
    EXPECT_NE(error.message().find("b:1 does not speak Qalam's gRPC"), std::string::npos);
    EXPECT_FALSE(error.retriable());
  }
}

TEST(ErrorTest, APartitionIsNamedOnce) {
  const Error error = ErrorAt(Error("NO_SPACE", "the disk is full"), {"orders", 3});
  EXPECT_EQ(error.message(), "orders:3: the disk is full");
  EXPECT_EQ(error.details().at("topic"), "orders");
  EXPECT_EQ(error.details().at("partition"), "3");
  EXPECT_EQ(ErrorAt(error, {"orders", 3}).message(), error.message());
  EXPECT_EQ(ErrorAt(Error("NO_SPACE", "the disk is full"), {"d", 0}).message(),
            "d:0: the disk is full");
}

TEST(ResultTest, OnlyValueAndCheckThrow) {
  const Result<int> good = 5;
  EXPECT_EQ(good.Value(), 5);
  EXPECT_EQ(*good, 5);
  const Result<int> bad = Error("NOT_FOUND", "no");
  EXPECT_FALSE(bad);
  EXPECT_THROW((void)bad.Value(), Error);
  try {
    Status(Error("NOT_FOUND", "no")).Check();
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), "NOT_FOUND");
  }
  EXPECT_NO_THROW(Status().Check());
}

TEST(ResultDeathTest, ReadingAnErrorThroughAPointerAborts) {
  const Result<int> bad = Error("NOT_FOUND", "no");
  EXPECT_DEATH((void)*bad, "NOT_FOUND");
}

}  // namespace
}  // namespace qalam::abi0
