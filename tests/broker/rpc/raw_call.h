#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/support/status.h>

#include <memory>
#include <string>
#include <vector>

namespace qalam {

struct RawAnswer {
  grpc::Status status;
  std::vector<std::string> messages;
};

// Calls `method` ("/package.Service/Method") with these messages, as bytes, and reads until the
// call ends: for what has no stub, and for what no stub would send.
RawAnswer RawCall(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                  const std::vector<std::string>& messages);

}  // namespace qalam
