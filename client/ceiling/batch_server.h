#pragma once

#include <functional>
#include <memory>
#include <string>

#include "client/ceiling/arrived_batch.h"
#include "common/result.h"

namespace qalam::cli {

// The barest gRPC server of our shape: bidirectional streams of opaque batches, answered by running
// totals. It trusts its client: how much is under way is the client's to bound.
// Thread: its owner; batches come on gRPC's threads.
//   client -> batch, batch, batch ...        server -> total (8 bytes, big endian), total ...
class BatchServer {
 public:
  // Called with every batch; those of one stream come one at a time and in order. Must not block.
  using Take = std::function<void(ArrivedBatch)>;

  // Listens on a loopback port of its own. Errors: kPortInUse.
  static Result<std::unique_ptr<BatchServer>> Start(Take take);
  // Cancels every stream. After the destructor nothing is taken, and Acknowledge does nothing.
  virtual ~BatchServer() = default;
  // What a client connects to, HOST:PORT.
  virtual const std::string& address() const = 0;
};

}  // namespace qalam::cli
