#pragma once

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <optional>
#include <string>

#include "client/cli/histogram.h"
#include "client/cli/output.h"

namespace qalam::cli {

// What one `bench` measured.
struct BenchReport {
  std::string verb;
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;  // Of the values.
  double seconds = 0;
  std::optional<Histogram> ack;  // From sending to the acknowledgement.
  std::optional<Histogram> e2e;  // From when a record was due to when it was read.
  std::string durability;        // Empty: nothing was produced.
  std::size_t size = 0;          // Bytes of a value; 0: unknown.
  int connections = 1;
  std::optional<int> callers;  // Threads per connection that wait for every acknowledgement.
};

// One line: JSON under -o json, a head and a line of CSV, or a sentence.
void PrintBenchReport(const BenchReport& report, Format format, bool csv);

// {"p50":MS,"p99":MS,"p999":MS,"max":MS}; where nothing was measured, null.
nlohmann::ordered_json LatencyJson(const std::optional<Histogram>& latency);

}  // namespace qalam::cli
