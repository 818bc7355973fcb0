#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "broker/api/broker_figures.h"

namespace qalam {

// Per second, over one interval.
struct PartitionRates {
  std::uint64_t records_in = 0;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::uint64_t refused = 0;  // Batches.
  std::uint64_t duplicates = 0;
  float activity = 0;  // Bytes in and out a second, smoothed over about a minute.
};

struct WriterRates {
  std::int32_t number = 0;
  std::size_t queue_depth = 0;
  double groups = 0;  // A second.
  double batches_per_group = 0;
  double bytes_per_group = 0;
  double write_ms_p50 = 0;
  double write_ms_p99 = 0;
  double sync_ms_p50 = 0;
  double sync_ms_p99 = 0;
  std::uint64_t refused = 0;  // A second.
  std::uint32_t partitions = 0;
};

struct TotalRates {
  PartitionRates rates;  // Of all partitions, those that are gone meanwhile left out.
  std::size_t parked_readers = 0;
  std::size_t streams = 0;  // That clients have open.
  std::uint64_t resident_bytes = 0;
  std::uint64_t disk_free_bytes = 0;
  std::uint64_t log_bytes = 0;
  std::size_t queue_depth = 0;
  double sync_ms_p50 = 0;  // Over all writers.
  double sync_ms_p99 = 0;
  double group_batches = 0;  // On average.
  std::uint32_t partitions = 0;
  std::uint32_t offline = 0;
};

// What happened between two samples of a broker's figures: rates from differences of counters,
// percentiles from differences of histograms. Pure. Thread: its owner's.
class FigureRates {
 public:
  // Takes the next sample, `seconds` after the last. The first has no rates: all are 0. A counter
  // that went down began anew, at 0.
  void Advance(std::shared_ptr<const BrokerFigures> now, double seconds, std::size_t streams = 0);

  const BrokerFigures* before() const { return before_.get(); }  // Null after the first sample.
  const BrokerFigures* now() const { return now_.get(); }        // Null before it.
  const std::vector<PartitionRates>& partitions() const { return partitions_; }  // As now()'s.
  const std::vector<WriterRates>& writers() const { return writers_; }
  const TotalRates& totals() const { return totals_; }

 private:
  void AdvancePartitions(double seconds);
  void AdvanceWriters(double seconds);

  std::shared_ptr<const BrokerFigures> before_;
  std::shared_ptr<const BrokerFigures> now_;
  std::vector<PartitionRates> partitions_;
  std::vector<PartitionRates> previous_;
  std::vector<WriterRates> writers_;
  TotalRates totals_;
};

// The value below which `share` of the counted ones are, between the bounds of its bucket taken as
// spread evenly; beyond all bounds, the last bound; of none, 0.
double Percentile(const std::vector<double>& bounds, const std::vector<std::uint64_t>& counts,
                  double share);
// The counts that came between two samples of the same histogram.
std::vector<std::uint64_t> CountsBetween(const HistogramFigures& before,
                                         const HistogramFigures& now);

}  // namespace qalam
