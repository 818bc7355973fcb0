#pragma once

#include <optional>

#include "common/bytes.h"
#include "common/error.h"

namespace qalam {

// What carries a Produce stream: gRPC (produce_reactor.h) or a local socket (broker/frames). It
// tells the stream what comes of each operation, never from within it. Thread: any, one Read and
// one Write at a time; Finish comes once, with no Write under way.
class ProduceTransport {
 public:
  virtual ~ProduceTransport() = default;
  virtual void Read() = 0;  // ProduceStream::OnRead follows.
  // A ProduceResponse. True: sent, and nothing follows. False: OnWritten follows.
  [[nodiscard]] virtual bool Write(Bytes message) = 0;
  // Says how it ended, nothing meaning well; OnDone follows.
  virtual void Finish(const std::optional<Error>& error) = 0;
};

}  // namespace qalam
