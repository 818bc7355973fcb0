#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/support/status.h>

#include <memory>
#include <string>
#include <vector>

#include "broker/rpc/rpc_server.h"

namespace qalam::fuzz {

// A connection to `server` over a pair of sockets, for calls of raw bytes. Thread: one.
class RpcCaller {
 public:
  explicit RpcCaller(RpcServer& server);

  // Calls `method` ("/package.Service/Method") with these messages and reads until the call ends,
  // or leaves after the first answer. Aborts when it takes longer than any call may.
  struct Answer {
    grpc::Status status;
    std::vector<std::string> messages;
  };
  Answer Call(const std::string& method, const std::vector<std::string>& messages,
              bool leave_early);

 private:
  std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace qalam::fuzz
