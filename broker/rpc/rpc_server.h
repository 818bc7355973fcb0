#pragma once

#include <chrono>
#include <cstddef>
#include <memory>

#include "broker/api/broker.h"
#include "common/result.h"

namespace qalam {

// Every bound of the gRPC side; gRPC 1.51 sets few by itself.
struct RpcOptions {
  std::size_t message_bytes_max = std::size_t{8} << 20;
  int streams_max = 1024;  // Per connection.
  int metadata_bytes_max = 8192;
  std::size_t memory_bytes_max = std::size_t{256}
                                 << 20;  // gRPC's buffers, all connections together.
  int threads_max = 64;
  std::chrono::milliseconds keepalive{30'000};
  std::size_t stream_batches_max = 256;  // Of one Produce stream, not answered yet.
  std::size_t stream_bytes_max = std::size_t{32} << 20;
  std::chrono::milliseconds unary_deadline_max{120'000};
  bool reflection = true;
};

// The gRPC services over a Broker. Never binds: listeners hand it connected descriptors. Health
// (grpc.health.v1) and reflection are served too. Thread: HandOver from any; the rest the owner's.
class RpcServer {
 public:
  static Result<std::unique_ptr<RpcServer>> Create(Broker& broker, const RpcOptions& options);
  virtual ~RpcServer() = default;
  // Owns `descriptor`: connected, non-blocking.
  virtual void HandOver(int descriptor) = 0;
  virtual void SetServing(bool serving) = 0;  // What the health service says.
  // Ends streams with UNAVAILABLE/SHUTTING_DOWN once what they wrote is answered; calls still
  // running after `patience` are cut off. Blocks.
  virtual void Stop(std::chrono::milliseconds patience) = 0;
};

}  // namespace qalam
