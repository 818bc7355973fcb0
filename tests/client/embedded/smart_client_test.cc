// Owner and proxies of one directory. They are in one process here: the lock belongs to who opened
// it, not to the process. Real processes, and their deaths: tests/integration/owner_test.py.
#include "qalam/smart_client.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "qalam/v1/owner.grpc.pb.h"
#include "tests/client/embedded/disk_directory.h"

namespace qalam::abi0 {
namespace {

using namespace std::chrono_literals;

class SmartClientTest : public testing::Test {
 protected:
  SmartClient Open(DirectoryOptions options = {}) {
    auto opened = SmartClient::Open(path_, std::move(options));
    EXPECT_TRUE(opened.ok()) << opened.error().what();
    return *std::move(opened);
  }
  static bool Eventually(const std::function<bool()>& condition) {
    for (int i = 0; i < 2'000; ++i) {
      if (condition()) return true;
      std::this_thread::sleep_for(5ms);
    }
    return false;
  }
  // The values of partition 0, from the start to the end that there is now.
  static std::vector<std::string> ReadAll(const Client& client, const std::string& topic) {
    ReaderOptions options;
    options.stop_at_end = true;
    Reader reader = client.NewReader({{topic, 0}}, From::Start(), options).Value();
    std::vector<std::string> values;
    while (!reader.done()) {
      const auto batch = reader.Next(5s);
      EXPECT_TRUE(batch.ok()) << batch.error().what();
      if (!batch.ok()) break;
      for (const RecordView& record : *batch) values.emplace_back(record.value().value_or("null"));
    }
    return values;
  }

  const DiskDirectory disk_;
  const std::string path_ = disk_ / "data";
};

TEST_F(SmartClientTest, TheFirstOwnsTheDirectoryAndNeedsNoServer) {
  SmartClient client = Open();
  EXPECT_EQ(client.role(), DirectoryRole::kOwner);
  EXPECT_EQ(client.owner().pid, ::getpid());
  EXPECT_EQ(client.owner().owner_epoch, 1);
  ASSERT_TRUE(client.admin().CreateTopic({"orders", 1, 0, {}}).ok());
  Producer producer = client.NewProducer();
  const auto report = producer.Send(Record("orders", "42", "paid")).Get();
  ASSERT_TRUE(report.ok()) << report.error().what();
  EXPECT_EQ(report->offset, 0);
  EXPECT_EQ(report->durability, Durability::kFsync);
  EXPECT_EQ(ReadAll(client, "orders"), std::vector<std::string>{"paid"});
}

TEST_F(SmartClientTest, EverythingIsForItsUserOnly) {
  const SmartClient client = Open();
  for (const char* name : {"", "/.lock", "/meta.properties", "/qalam.sock", "/log"}) {
    struct stat at {};
    ASSERT_EQ(::stat((path_ + name).c_str(), &at), 0) << name;
    EXPECT_EQ(at.st_mode & 0077, 0u) << name;
  }
}

TEST_F(SmartClientTest, TheSecondIsAProxyOfTheFirst) {
  SmartClient owner = Open();
  SmartClient proxy = Open();
  EXPECT_EQ(proxy.role(), DirectoryRole::kProxy);
  EXPECT_EQ(proxy.owner().directory_id, owner.owner().directory_id);
  ASSERT_TRUE(proxy.admin().CreateTopic({"orders", 1, 0, {}}).ok());
  Producer by_proxy = proxy.NewProducer();
  Producer by_owner = owner.NewProducer();
  ASSERT_TRUE(by_proxy.Send(Record("orders", "", "a")).Get().ok());
  ASSERT_TRUE(by_owner.Send(Record("orders", "", "b")).Get().ok());
  EXPECT_EQ(ReadAll(owner, "orders"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(ReadAll(proxy, "orders"), (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(Eventually([&] { return SmartClient::OwnerOf(path_).Value().proxies_count == 1; }));
}

TEST_F(SmartClientTest, OneThatMayNotOwnFindsNobodyInAFreeDirectory) {
  { const SmartClient once = Open(); }
  DirectoryOptions options;
  options.may_own = false;
  options.open_timeout = 50ms;
  const auto opened = SmartClient::Open(path_, options);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code(), "UNREACHABLE");
  EXPECT_EQ(SmartClient::OwnerOf(path_).error().details().at("reason"), "absent");
}

TEST_F(SmartClientTest, WhatWasWrittenIsThereForTheNextOwner) {
  {
    SmartClient client = Open();
    ASSERT_TRUE(client.admin().CreateTopic({"orders", 1, 0, {}}).ok());
    Producer producer = client.NewProducer();
    ASSERT_TRUE(producer.Send(Record("orders", "", "a")).Get().ok());
  }
  const SmartClient again = Open();
  EXPECT_EQ(again.owner().owner_epoch, 2);
  EXPECT_EQ(ReadAll(again, "orders"), std::vector<std::string>{"a"});
}

TEST_F(SmartClientTest, RecordsOfAnyNumberGoTheShortWay) {
  SmartClient client = Open();
  ASSERT_TRUE(client.admin().CreateTopic({"orders", 1, 0, {}}).ok());
  ProducerOptions options;
  options.batch_bytes = 4096;
  options.on_full = FullPolicy::kBlock;
  options.buffer_bytes = std::size_t{1} << 20;
  Producer producer = client.NewProducer(options);
  for (int i = 0; i < 20'000; ++i) {
    ASSERT_TRUE(producer.Send(Record("orders", "", std::to_string(i)), nullptr).ok());
  }
  ASSERT_TRUE(producer.Flush(30s).ok());
  const std::vector<std::string> values = ReadAll(client, "orders");
  ASSERT_EQ(values.size(), 20'000u);
  for (int i = 0; i < 20'000; ++i)
    ASSERT_EQ(values[static_cast<std::size_t>(i)], std::to_string(i));
}

TEST_F(SmartClientTest, RefusalsAndAcksNoneAreAsOverTheNetwork) {
  SmartClient client = Open();
  ASSERT_TRUE(client.admin().CreateTopic({"orders", 1, 0, {}}).ok());
  Producer producer = client.NewProducer();
  EXPECT_EQ(producer.Send(Record("nope", "", "x")).Get().error().code(), "UNKNOWN_TOPIC");
  Record record("orders", "", "x");
  record.partition = 0;
  record.expected_offset = 7;
  EXPECT_EQ(producer.Send(std::move(record)).Get().error().code(), "UNEXPECTED_OFFSET");
  EXPECT_TRUE(producer.Send(Record("orders", "", "a")).Get().ok());
  Record elsewhere("orders", "", "x");
  elsewhere.partition = 9;
  EXPECT_EQ(producer.Send(std::move(elsewhere)).Get().error().code(), "UNKNOWN_PARTITION");
  ProducerOptions options;
  options.acks = Acks::kNone;
  Producer quick = client.NewProducer(options);
  const auto report = quick.Send(Record("orders", "", "b")).Get();
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->durability, Durability::kMemory);
  EXPECT_TRUE(Eventually([&] { return ReadAll(client, "orders").size() == 2; }));
}

TEST_F(SmartClientTest, ATailFollowsWhatTheOwnerWrites) {
  SmartClient client = Open();
  ASSERT_TRUE(client.admin().CreateTopic({"orders", 1, 0, {}}).ok());
  Reader reader = client.NewReader({{"orders", 0}}, From::Start()).Value();
  Producer producer = client.NewProducer();
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(producer.Send(Record("orders", "", std::to_string(i))).Get().ok());
    const auto batch = reader.Next(5s);
    ASSERT_TRUE(batch.ok()) << batch.error().what();
    ASSERT_EQ(batch->size(), 1u);
    EXPECT_EQ(batch->begin()->value(), std::to_string(i));
  }
}

// Owners close under load, one after the other; a proxy that keeps sending and reading becomes the
// owner in between. It sees no error, and every record is there once.
TEST_F(SmartClientTest, AHandOverIsNothingThatUsersSee) {
  constexpr int kRounds = 5;
  auto other = std::make_unique<SmartClient>(Open());
  ASSERT_TRUE(other->admin().CreateTopic({"orders", 1, 0, {}}).ok());
  std::atomic<int> sent = 0;
  int read = 0;
  for (int round = 0; round < kRounds; ++round) {
    SmartClient steady = Open();
    Producer producer = steady.NewProducer();
    Reader reader = steady.NewReader({{"orders", 0}}, From::Offset(read)).Value();
    std::atomic<bool> stop = false;
    std::thread sender([&] {
      while (!stop.load()) {
        const auto report = producer.Send(Record("orders", "", std::to_string(sent.load()))).Get();
        ASSERT_TRUE(report.ok()) << report.error().what();
        ++sent;
      }
    });
    int before = sent.load();
    EXPECT_TRUE(Eventually([&] { return sent.load() > before + 20; }));
    ASSERT_EQ(steady.role(), DirectoryRole::kProxy);
    const auto epoch = other->owner().owner_epoch;
    EXPECT_TRUE(other->Close());
    EXPECT_TRUE(Eventually([&] { return steady.role() == DirectoryRole::kOwner; }));
    EXPECT_EQ(steady.owner().owner_epoch, epoch + 1);
    before = sent.load();
    EXPECT_TRUE(Eventually([&] { return sent.load() > before + 20; }));
    stop.store(true);
    sender.join();
    while (read < sent.load()) {
      const auto batch = reader.Next(5s);
      ASSERT_TRUE(batch.ok()) << batch.error().what();
      for (const RecordView& record : *batch) ASSERT_EQ(record.value(), std::to_string(read++));
    }
    ASSERT_EQ(read, sent.load());
    other = std::make_unique<SmartClient>(Open());
    // What is next takes over from the one that ends with this round.
    EXPECT_TRUE(Eventually([&] { return SmartClient::OwnerOf(path_).Value().proxies_count == 1; }));
    EXPECT_TRUE(steady.Close());
    EXPECT_TRUE(Eventually([&] { return other->role() == DirectoryRole::kOwner; }));
  }
}

TEST_F(SmartClientTest, AClosedOneSaysSoAndDoesNotBlock) {
  SmartClient client = Open();
  ASSERT_TRUE(client.admin().CreateTopic({"orders", 1, 0, {}}).ok());
  ProducerOptions options;
  options.delivery_timeout = 300ms;
  Producer producer = client.NewProducer(options);
  EXPECT_TRUE(client.Close());
  EXPECT_TRUE(client.Close());
  EXPECT_EQ(client.role(), DirectoryRole::kClosed);
  EXPECT_FALSE(producer.Send(Record("orders", "", "x")).Get().ok());
  EXPECT_EQ(client.admin().WithTimeout(500ms).ListTopics().error().code(), "UNREACHABLE");
}

TEST_F(SmartClientTest, TcpIsServedWhereAskedFor) {
  DirectoryOptions options;
  options.listeners = {"127.0.0.1:0"};
  SmartClient owner = Open(options);
  ASSERT_EQ(owner.owner().addresses.size(), 1u);
  const Client client = Client::Connect(owner.owner().addresses.front()).Value();
  EXPECT_TRUE(client.admin().CreateTopic({"orders", 1, 0, {}}).ok());
  EXPECT_EQ(owner.PartitionsOf("orders").Value().size(), 1u);
}

// Whoever may connect over TCP could end the owner, or open ports.
TEST_F(SmartClientTest, TheOwnerIsAskedOnItsSocketOnly) {
  DirectoryOptions options;
  options.listeners = {"127.0.0.1:0"};
  const SmartClient owner = Open(options);
  v1::OwnerService::Stub stub(
      grpc::CreateChannel(owner.owner().addresses.front(), grpc::InsecureChannelCredentials()));
  const auto code_of = [&](auto method, auto request, auto response) {
    grpc::ClientContext context;
    return (stub.*method)(&context, request, &response).error_code();
  };
  using Stub = v1::OwnerService::Stub;
  constexpr auto kDenied = grpc::StatusCode::PERMISSION_DENIED;
  EXPECT_EQ(code_of(&Stub::DescribeOwner, v1::DescribeOwnerRequest(), v1::DescribeOwnerResponse()),
            kDenied);
  EXPECT_EQ(code_of(&Stub::HandOver, v1::HandOverRequest(), v1::HandOverResponse()), kDenied);
  EXPECT_EQ(code_of(&Stub::JoinOwner, v1::JoinOwnerRequest(), v1::JoinOwnerResponse()), kDenied);
  grpc::ClientContext context;
  const auto attending = stub.AttendOwner(&context, v1::AttendOwnerRequest());
  v1::AttendOwnerResponse news;
  EXPECT_FALSE(attending->Read(&news));
  EXPECT_EQ(attending->Finish().error_code(), kDenied);
  EXPECT_EQ(owner.role(), DirectoryRole::kOwner);
}

}  // namespace
}  // namespace qalam::abi0
