#pragma once

#include <chrono>
#include <cstddef>
#include <memory>

#include "broker/api/broker.h"
#include "broker/api/ownership.h"
#include "common/result.h"

namespace qalam {

class StreamRegistry;

// Every bound of the gRPC side; gRPC 1.51 sets few by itself.
struct RpcOptions {
  std::size_t message_bytes_max = std::size_t{8} << 20;
  std::size_t connections_max = 10'000;
  // Calls of one connection at a time. A producer keeps a stream for each partition it writes to.
  int streams_max = 16'384;
  std::size_t open_streams_max = 20'000;  // Produce and Tail, all connections together.
  int metadata_bytes_max = 8192;          // Headers of one call.
  std::size_t memory_bytes_max = std::size_t{256} << 20;  // gRPC's buffers, all together.
  int threads_count = 0;  // That serve calls. 0: one for every two processors.
  std::chrono::milliseconds keepalive{
      25'000};  // A silent peer is asked, then given as much: gone within a minute.
  std::chrono::milliseconds handshake{10'000};         // Of a new connection.
  std::chrono::milliseconds connection_idle{600'000};  // Without a call, then closed.
  std::size_t stream_batches_max = 256;                // Of one Produce stream, not answered yet.
  std::size_t stream_bytes_max = std::size_t{32} << 20;
  std::chrono::milliseconds unary_deadline_max{120'000};
  bool reflection = true;
};

// The gRPC services over a Broker, with health (grpc.health.v1, for the whole and each service) and
// reflection. Never binds: listeners hand it connected descriptors. Thread: HandOver from any; the
// rest the owner's.
class RpcServer {
 public:
  // Serves at once, but reports NOT_SERVING. `broker` and `ownership` outlive it; without the
  // latter there is no OwnerService. Errors: kUnknown (gRPC won't start).
  static Result<std::unique_ptr<RpcServer>> Create(Broker& broker, const RpcOptions& options,
                                                   Ownership* ownership = nullptr);
  virtual ~RpcServer() = default;  // Stopped.
  // Owns `descriptor`: connected, non-blocking. Beyond connections_max, and after Stop, it is
  // closed.
  virtual void HandOver(int descriptor) = 0;
  virtual void SetServing(bool serving) = 0;  // What the health service says.
  // Produce and Tail. Other servers of the same broker may have theirs among them: they are bounded
  // and drained together.
  virtual StreamRegistry& streams() = 0;
  // Takes no more connections and calls; ends streams with UNAVAILABLE/SHUTTING_DOWN once what they
  // took is answered; cancels what is left after `patience`. Returns when every call has ended, for
  // which the broker must answer what it was asked: stop it before. Again: does nothing.
  virtual void Stop(std::chrono::milliseconds patience) = 0;
};

}  // namespace qalam
