#pragma once

#include <cstdint>

#include "client/cli/ceiling_way.h"
#include "client/cli/histogram.h"
#include "client/cli/output.h"

namespace qalam::cli {

// What was asked of one way, and what it gave.
struct CeilingReport {
  CeilingWay way = CeilingWay::kDirect;
  CeilingAck ack = CeilingAck::kFsync;
  std::size_t size = 0;   // Bytes of a value.
  std::size_t batch = 0;  // Bytes of a batch at most.
  std::size_t in_flight = 0;
  int connections = 1;
  std::uint64_t records = 0;  // Acknowledged while it was measured.
  double seconds = 0;
  Histogram ack_times;  // Per record; from handing its batch to the connection.
  std::chrono::nanoseconds server_cpu{0};
  std::chrono::nanoseconds client_cpu{0};

  double records_per_second() const {
    return seconds > 0 ? static_cast<double>(records) / seconds : 0;
  }
};

// One line on stdout, at once. `best`: it is said again because no other way gave more.
void PrintCeilingReport(const CeilingReport& report, Format format, bool best);

}  // namespace qalam::cli
