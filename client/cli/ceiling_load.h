#pragma once

#include <qalam/client.h>

#include <chrono>
#include <string>

#include "client/cli/ceiling_report.h"
#include "client/cli/ceiling_way.h"

namespace qalam::cli {

// What to measure.
struct CeilingPlan {
  CeilingWay way = CeilingWay::kDirect;
  CeilingAck ack = CeilingAck::kFsync;
  std::size_t size = 100;
  std::size_t batch = std::size_t{256} << 10;
  std::size_t in_flight = 64;
  int connections = 1;
  std::chrono::milliseconds time{4'000};
  std::uint64_t space_bytes = std::uint64_t{1} << 30;  // What files may take.
};

// Starts a server for `plan.way` that writes in `directory`, loads it from this process, and
// measures once every connection has had an acknowledgement and all run for half a second. Server
// and connections are gone when it returns. Errors: the server's (NO_SPACE, IO_ERROR,
// DIRECTORY_UNUSABLE, INVALID_ARGUMENT: no direct I/O there); TIMED_OUT; UNKNOWN (it died);
// CANCELLED (Interrupted()). Thread: main.
abi0::Result<CeilingReport> MeasureCeiling(const CeilingPlan& plan, const std::string& directory);

}  // namespace qalam::cli
