#include "broker/rpc/rpc_server.h"

#include <google/protobuf/descriptor.h>
#include <grpcpp/support/sync_stream.h>
#include <sys/socket.h>

#include <atomic>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "grpc/health/v1/health.pb.h"
#include "qalam/v1/log.grpc.pb.h"
#include "tests/broker/io/socket_client.h"
#include "tests/broker/rpc/raw_call.h"
#include "tests/broker/rpc/rpc_test.h"

namespace qalam {
namespace {

constexpr const char* kHealth = "/grpc.health.v1.Health/Check";
constexpr const char* kReflection =
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

// One grpc.health.v1.Health/Watch, as a client sees it.
class HealthWatch {
 public:
  HealthWatch(const std::shared_ptr<grpc::Channel>& channel, const std::string& service)
      : context_(Soon()) {
    HealthCheckRequest request;
    request.set_service(service);
    reader_.reset(grpc::internal::ClientReaderFactory<HealthCheckResponse>::Create(
        channel.get(),
        grpc::internal::RpcMethod("/grpc.health.v1.Health/Watch",
                                  grpc::internal::RpcMethod::SERVER_STREAMING),
        context_.get(), request));
  }
  // The next state; nothing once the call has ended.
  std::optional<HealthCheckResponse::ServingStatus> Next() {
    HealthCheckResponse response;
    if (!reader_->Read(&response)) return std::nullopt;
    return response.status();
  }

 private:
  const std::unique_ptr<grpc::ClientContext> context_;
  std::unique_ptr<grpc::ClientReader<HealthCheckResponse>> reader_;
};

class RpcServerTest : public RpcTest {
 protected:
  // grpc.health.v1.HealthCheckResponse.status: 1 SERVING, 2 NOT_SERVING; 0: the call failed.
  int Health(const std::string& service) {
    std::string request;
    if (!service.empty())
      request = std::string("\x0a") + static_cast<char>(service.size()) + service;
    const RawAnswer answer = RawCall(channel_, kHealth, {request});
    if (!answer.status.ok() || answer.messages.empty()) return 0;
    const std::string& message = answer.messages[0];
    return message.size() == 2 && message[0] == '\x08' ? message[1] : 0;
  }
  bool Serves() {
    v1::InitProducerResponse response;
    return v1::LogService::NewStub(Connect())->InitProducer(Soon().get(), {}, &response).ok();
  }
};

TEST_F(RpcServerTest, HealthTellsOfEveryService) {
  Serve();
  const char* const services[] = {"", "qalam.v1.LogService", "qalam.v1.TopicService",
                                  "qalam.v1.ClusterService", "qalam.v1.ObserveService"};
  for (const char* const service : services) EXPECT_EQ(Health(service), 2) << service;
  server_->SetServing(true);
  for (const char* const service : services) EXPECT_EQ(Health(service), 1) << service;
  server_->SetServing(false);
  EXPECT_EQ(Health("qalam.v1.LogService"), 2);
  EXPECT_EQ(Health("qalam.v1.NoService"), 0);
}

TEST_F(RpcServerTest, AHealthWatchTellsOfEveryChangeAndEndsWithTheServer) {
  Serve();
  HealthWatch known(channel_, "qalam.v1.LogService");
  HealthWatch unknown(channel_, "qalam.v1.NoService");
  EXPECT_EQ(known.Next(), HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(unknown.Next(), HealthCheckResponse::SERVICE_UNKNOWN);
  server_->SetServing(true);
  EXPECT_EQ(known.Next(), HealthCheckResponse::SERVING);
  server_->SetServing(true);  // Nothing new.
  server_->SetServing(false);
  EXPECT_EQ(known.Next(), HealthCheckResponse::NOT_SERVING);
  const auto begun = std::chrono::steady_clock::now();
  server_->Stop(std::chrono::seconds(20));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(10));
  EXPECT_EQ(known.Next(), std::nullopt);
  EXPECT_EQ(unknown.Next(), std::nullopt);
}

TEST_F(RpcServerTest, WatchesAreNotHeldUpByTheLimitOfStreams) {
  RpcOptions options;
  options.open_streams_max = 1;
  Serve(options);
  grpc::ClientContext context;
  const auto produce = v1::LogService::NewStub(channel_)->Produce(&context);
  v1::ProduceRequest open;
  open.mutable_open()->set_topic("orders");
  produce->Write(open);
  ASSERT_TRUE(broker_.WaitUntil([&] { return broker_.opens() == 1; }));
  HealthWatch watch(channel_, "");
  EXPECT_EQ(watch.Next(), HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(HealthWatch(channel_, std::string(5000, 'x')).Next(), std::nullopt);
  context.TryCancel();
}

TEST_F(RpcServerTest, EveryMethodThatIsDescribedIsServed) {
  Serve();
  const auto* const pool = google::protobuf::DescriptorPool::generated_pool();
  int methods = 0;
  for (const char* const name :
       {"qalam.v1.LogService", "qalam.v1.TopicService", "qalam.v1.ClusterService",
        "qalam.v1.ObserveService", "grpc.health.v1.Health",
        "grpc.reflection.v1alpha.ServerReflection"}) {
    const auto* const service = pool->FindServiceByName(name);
    ASSERT_NE(service, nullptr) << name;
    for (int i = 0; i < service->method_count(); ++i, ++methods) {
      const std::string method = std::string("/") + name + "/" + service->method(i)->name();
      // Field 1 with a wire type that doesn't exist: no message at all.
      const RawAnswer answer = RawCall(channel_, method, {"\x0f"});
      EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << method;
    }
  }
  EXPECT_EQ(methods, 24);
  EXPECT_TRUE(Serves());
}

TEST_F(RpcServerTest, ACallWithoutARequestIsInvalid) {
  Serve();
  for (const char* const method :
       {"/qalam.v1.LogService/Fetch", "/qalam.v1.LogService/Tail", "/grpc.health.v1.Health/Watch",
        "/qalam.v1.TopicService/ListTopics"}) {
    EXPECT_EQ(RawCall(channel_, method, {}).status.error_code(), grpc::StatusCode::INVALID_ARGUMENT)
        << method;
  }
}

TEST_F(RpcServerTest, AnOversizedRequestIsRefusedAndTheServerServesOn) {
  RpcOptions options;
  options.message_bytes_max = 64 * 1024;
  Serve(options);
  v1::AppendRequest request;
  request.add_records()->set_value(std::string(100'000, 'x'));
  v1::AppendResponse response;
  EXPECT_EQ(
      v1::LogService::NewStub(channel_)->Append(Soon().get(), request, &response).error_code(),
      grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_TRUE(Serves());
}

TEST_F(RpcServerTest, ADeadlineThatPassesEndsTheCallAndTheServerStops) {
  Serve();
  broker_.HoldAppends();
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(100));
  v1::AppendResponse response;
  EXPECT_EQ(v1::LogService::NewStub(channel_)->Append(&context, {}, &response).error_code(),
            grpc::StatusCode::DEADLINE_EXCEEDED);
  ASSERT_TRUE(broker_.WaitUntil([&] { return broker_.appends_held() == 1; }));
  broker_.ReleaseAppends();  // Too late for anybody to hear of it.
  EXPECT_TRUE(Serves());
  server_->Stop(std::chrono::seconds(10));
}

TEST_F(RpcServerTest, SeveralThreadsServeManyCallsAtOnce) {
  RpcOptions options;
  options.threads_count = 3;
  Serve(options);
  std::vector<std::thread> callers;
  std::atomic<int> served = 0;
  for (int i = 0; i < 8; ++i) {
    callers.emplace_back([&] {
      const auto stub = v1::LogService::NewStub(Connect());
      for (int n = 0; n < 50; ++n) {
        v1::InitProducerResponse response;
        if (stub->InitProducer(Soon().get(), {}, &response).ok()) ++served;
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(served, 400);
}

TEST_F(RpcServerTest, ReflectionListsAndDescribesTheServices) {
  Serve();
  const RawAnswer list = RawCall(channel_, kReflection, {std::string("\x3a\x01*", 3)});
  ASSERT_TRUE(list.status.ok()) << list.status.error_message();
  ASSERT_EQ(list.messages.size(), 1u);
  for (const char* const service :
       {"qalam.v1.LogService", "qalam.v1.TopicService", "qalam.v1.ClusterService",
        "qalam.v1.ObserveService", "grpc.health.v1.Health"}) {
    EXPECT_NE(list.messages[0].find(service), std::string::npos) << service;
  }
  const std::string symbol = "qalam.v1.LogService";
  const RawAnswer file = RawCall(channel_, kReflection,
                                 {std::string("\x22") + static_cast<char>(symbol.size()) + symbol});
  ASSERT_EQ(file.messages.size(), 1u);
  EXPECT_NE(file.messages[0].find("ProduceRequest"), std::string::npos);
  EXPECT_NE(file.messages[0].find("qalam/v1/error.proto"), std::string::npos) << "its imports";
  const RawAnswer nothing = RawCall(channel_, kReflection, {"\x22\x07NoThing", "\x1a\x02no", ""});
  ASSERT_EQ(nothing.messages.size(), 3u) << "one answer to each question";
  for (int i = 0; i < 2; ++i)
    EXPECT_NE(nothing.messages[static_cast<std::size_t>(i)].find("nothing of that name"),
              std::string::npos);
  EXPECT_NE(nothing.messages[2].find("asks nothing"), std::string::npos);
}

TEST_F(RpcServerTest, ReflectionCanBeSwitchedOff) {
  RpcOptions options;
  options.reflection = false;
  Serve(options);
  EXPECT_EQ(RawCall(channel_, kReflection, {std::string("\x3a\x01*", 3)}).status.error_code(),
            grpc::StatusCode::UNIMPLEMENTED);
  EXPECT_TRUE(Serves());
}

TEST_F(RpcServerTest, ConnectionsBeyondTheCapAreClosedAndRoomIsFoundAgain) {
  RpcOptions options;
  options.connections_max = 2;
  Serve(options);
  Socket one = ConnectTcp(listener_->port());
  Socket two = ConnectTcp(listener_->port());
  ASSERT_TRUE(one.ok() && two.ok());
  // gRPC greets at once; the third connection is closed without a word.
  char byte = 0;
  ASSERT_EQ(::recv(one.get(), &byte, 1, 0), 1);
  ASSERT_EQ(::recv(two.get(), &byte, 1, 0), 1);
  EXPECT_TRUE(ConnectTcp(listener_->port()).IsClosedByPeer());
  one.Close();
  EXPECT_TRUE(broker_.WaitUntil([&] { return Serves(); }, std::chrono::seconds(20)));
}

TEST_F(RpcServerTest, AConnectionThatSaysNothingIsClosed) {
  RpcOptions options;
  options.handshake = std::chrono::milliseconds(300);
  Serve(options);
  const Socket silent = ConnectTcp(listener_->port());
  ASSERT_TRUE(silent.ok());
  std::string greeting(4096, 0);
  ssize_t got = 1;
  timeval patience{10, 0};
  ::setsockopt(silent.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  while (got > 0) got = ::recv(silent.get(), greeting.data(), greeting.size(), 0);
  EXPECT_EQ(got, 0);
}

TEST_F(RpcServerTest, GarbageInsteadOfHttpClosesThatConnectionOnly) {
  Serve();
  const Socket rude = ConnectTcp(listener_->port());
  const std::string garbage(5000, 'x');
  ASSERT_GT(::send(rude.get(), garbage.data(), garbage.size(), MSG_NOSIGNAL), 0);
  std::string answer(4096, 0);
  ssize_t got = 1;
  timeval patience{10, 0};
  ::setsockopt(rude.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  while (got > 0) got = ::recv(rude.get(), answer.data(), answer.size(), 0);
  EXPECT_NE(errno == EAGAIN && got < 0, true) << "still open";
  EXPECT_TRUE(Serves());
}

TEST_F(RpcServerTest, HeadersBeyondTheLimitAreRefused) {
  Serve();
  auto context = Soon();
  context->AddMetadata("x-large", std::string(64 * 1024, 'x'));
  v1::InitProducerResponse response;
  const auto stub = v1::LogService::NewStub(channel_);
  EXPECT_EQ(stub->InitProducer(context.get(), {}, &response).error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_TRUE(Serves());  // Over a new connection: gRPC may have closed the one that they came on.
}

TEST_F(RpcServerTest, ACompressedMessageIsRefused) {
  Serve();
  auto context = Soon();
  context->set_compression_algorithm(GRPC_COMPRESS_GZIP);
  v1::AppendRequest request;
  request.add_records()->set_value(std::string(1 << 20, 'x'));
  v1::AppendResponse response;
  const auto stub = v1::LogService::NewStub(channel_);
  EXPECT_EQ(stub->Append(context.get(), request, &response).error_code(),
            grpc::StatusCode::UNIMPLEMENTED);
  EXPECT_TRUE(stub->Append(Soon().get(), request, &response).ok());
}

TEST_F(RpcServerTest, AfterStopConnectionsAreClosedAndStoppingAgainIsFine) {
  Serve();
  ASSERT_TRUE(Serves());
  server_->Stop(std::chrono::seconds(1));
  EXPECT_TRUE(ConnectTcp(listener_->port()).IsClosedByPeer());
  server_->Stop(std::chrono::seconds(1));
}

}  // namespace
}  // namespace qalam
