#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "broker/io/io_thread.h"
#include "broker/io/tcp_listener.h"
#include "broker/rpc/rpc_server.h"
#include "qalam/v1/error.pb.h"
#include "tests/broker/rpc/fake_broker.h"

namespace qalam {

// A FakeBroker behind the real server, listener and sockets.
class RpcTest : public testing::Test {
 protected:
  ~RpcTest() override;
  // To be called once, first.
  void Serve(const RpcOptions& options = {});
  void StopServing(std::chrono::milliseconds patience = std::chrono::seconds(10));
  // A connection of its own.
  std::shared_ptr<grpc::Channel> Connect();

  FakeBroker broker_;
  IoThread io_;
  std::unique_ptr<TcpListener> listener_;
  std::unique_ptr<RpcServer> server_;
  std::shared_ptr<grpc::Channel> channel_;
};

// Our reason in the details of a status, "" if there is none.
std::string ReasonOf(const grpc::Status& status);
std::optional<v1::ErrorInfo> InfoOfStatus(const grpc::Status& status);

// A context with a deadline that no passing test reaches.
std::unique_ptr<grpc::ClientContext> Soon();

}  // namespace qalam
