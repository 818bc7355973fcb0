#pragma once

#include <qalam/figures.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace qalam::cli {

// What a histogram gained, in its own unit (seconds, bytes, batches).
struct Spread {
  std::uint64_t count = 0;
  double sum = 0;
  double mean() const { return count == 0 ? 0 : sum / static_cast<double>(count); }
  // Interpolated within a bucket; of what lies beyond the last bound, that bound. 0 when empty.
  double Quantile(double q) const;
  // The bound below which all of it lies.
  double Max() const { return Quantile(1); }

  std::vector<double> bounds;
  std::vector<std::uint64_t> counts;
};
// `before` null: all of `now`.
Spread GainOf(const abi0::HistogramFigures* before, const abi0::HistogramFigures& now);

struct PartitionRates {
  abi0::PartitionFigures now;
  double records_in = 0;  // These five a second.
  double bytes_in = 0;
  double bytes_out = 0;
  double refused = 0;
  double duplicates = 0;
};

struct WriterRates {
  std::int32_t number = 0;
  std::uint64_t queue_depth = 0;
  std::size_t partitions = 0;
  double groups = 0;  // A second.
  double batches_per_group = 0;
  double bytes_per_group = 0;
  double refused = 0;  // Batches a second.
  Spread write_seconds;
  Spread sync_seconds;
};

struct TotalRates {
  double records_in = 0;  // These five a second.
  double bytes_in = 0;
  double bytes_out = 0;
  double refused = 0;
  double duplicates = 0;
  std::uint64_t log_bytes = 0;
  std::size_t partitions = 0;
  std::size_t offline = 0;
  Spread sync_seconds;  // Of all writers.
};

struct BrokerRates {
  abi0::BrokerFigures now;  // Without writers and partitions: they are below.
  double seconds = 0;       // Between the two readings.
  TotalRates totals;
  std::vector<WriterRates> writers;
  std::vector<PartitionRates> partitions;  // By topic, then number.
};

// Makes rates of readings that follow one another. Pure: no clock, no connection.
// Thread: one at a time.
class FigureRates {
 public:
  // What happened since the last reading, which was `elapsed` ago. Nothing for the first one. A
  // counter that went back began anew, as those of a broker that was started again: all that it
  // shows happened since. What was not there before began at 0.
  std::optional<BrokerRates> Add(abi0::BrokerFigures figures, std::chrono::nanoseconds elapsed);
  // The next reading is a first one.
  void Forget() { before_.reset(); }

 private:
  std::optional<abi0::BrokerFigures> before_;
};

}  // namespace qalam::cli
