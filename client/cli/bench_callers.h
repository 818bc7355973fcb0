#pragma once

#include <qalam/client.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "client/cli/histogram.h"
#include "client/cli/session.h"

namespace qalam::cli {

// A closed loop: every caller sends one record and waits for its acknowledgement before it sends
// the next. It is a thread; or, by callbacks, no more than the callback of its last record.
struct CallersOptions {
  std::string topic;
  std::optional<std::int32_t> partition;
  std::size_t size = 100;     // Bytes of a value.
  std::uint64_t records = 0;  // Of all callers together.
  int connections = 1;        // Clients, each with its own connection.
  int callers = 1;            // Of one connection.
  bool by_callbacks = false;
  abi0::ProducerOptions producer;
};

struct CallersResult {
  Histogram ack;       // Per record, from before Send until its verdict was in the caller's hands.
  double seconds = 0;  // Without connecting.
  abi0::Durability durability = abi0::Durability::kUnknown;
};

// As a callback_executor: where the answer arrived.
inline void AtOnce(const std::function<void()>& task) { task(); }

// How many of `records` caller number `caller` of `callers` sends: all differ by one at most.
std::uint64_t ShareOf(std::uint64_t records, std::uint64_t caller, std::uint64_t callers);

// Runs until all is acknowledged, the first error, or Interrupted(). `acked` is called with every
// record, from any of the callers. Errors: of connecting, and the first verdict that is one.
abi0::Result<CallersResult> RunCallers(const Session& session, const CallersOptions& options,
                                       const std::function<void()>& acked);

}  // namespace qalam::cli
