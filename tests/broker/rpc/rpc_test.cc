#include "tests/broker/rpc/rpc_test.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <utility>

namespace qalam {

RpcTest::~RpcTest() {
  StopServing(std::chrono::milliseconds(0));
  io_.Stop();
}

void RpcTest::Serve(const RpcOptions& options) {
  io_.Start();
  auto server = RpcServer::Create(broker_, options);
  ASSERT_TRUE(server.ok()) << server.error().ToString();
  server_ = std::move(server).value();
  auto listener = TcpListener::Open(
      io_, "127.0.0.1", 0,
      [this](int descriptor, const std::string& /*peer*/) { server_->HandOver(descriptor); });
  ASSERT_TRUE(listener.ok()) << listener.error().ToString();
  listener_ = std::move(listener).value();
  listener_->Start();
  channel_ = Connect();
}

void RpcTest::StopServing(std::chrono::milliseconds patience) {
  if (listener_) listener_->Stop();
  listener_.reset();
  if (server_) server_->Stop(patience);
}

std::shared_ptr<grpc::Channel> RpcTest::Connect() {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetMaxReceiveMessageSize(-1);
  // A window that stays as it is, so that a reader's backlog has a known bound.
  arguments.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, 256 * 1024);
  arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  arguments.SetMaxSendMessageSize(-1);
  return grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(listener_->port()),
                                   grpc::InsecureChannelCredentials(), arguments);
}

std::optional<v1::ErrorInfo> InfoOfStatus(const grpc::Status& status) {
  v1::RpcStatus rich;
  v1::ErrorInfo info;
  if (!rich.ParseFromString(status.error_details()) || rich.details_size() == 0 ||
      !info.ParseFromString(rich.details(0).value())) {
    return std::nullopt;
  }
  return info;
}

std::string ReasonOf(const grpc::Status& status) {
  const auto info = InfoOfStatus(status);
  return info ? info->reason() : "";
}

std::unique_ptr<grpc::ClientContext> Soon() {
  auto context = std::make_unique<grpc::ClientContext>();
  context->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  return context;
}

}  // namespace qalam
