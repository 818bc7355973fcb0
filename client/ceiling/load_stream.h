#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "common/result.h"

namespace qalam::cli {

struct LoadOptions {
  std::size_t value_bytes = 100;
  std::size_t batch_bytes = std::size_t{256} << 10;  // At most; at least one record travels.
  std::size_t in_flight = 64;                        // Batches without an acknowledgement.
};

// One connection that keeps a BatchServer as busy as it can: encodes record after record into real
// batches, and sends the next as soon as fewer than `in_flight` are under way. Thread: its owner;
// the work is done on the client library's EventThread.
class LoadStream {
 public:
  // Called with every acknowledged batch, one at a time: its records, and the time since it was
  // handed to the connection. Must not block.
  using Acked = std::function<void(std::uint64_t records_count, std::chrono::nanoseconds took)>;

  // Connects to `address` and starts at once. Trouble is told by Drain.
  static std::unique_ptr<LoadStream> Start(const std::string& address, const LoadOptions& options,
                                           Acked acked);
  // Breaks the connection off. `acked` is not called any more afterwards.
  virtual ~LoadStream() = default;

  // Sends no more batches; waits until all are acknowledged. Errors: kTimedOut, kUnreachable.
  virtual Status Drain(std::chrono::milliseconds timeout) = 0;
};

}  // namespace qalam::cli
