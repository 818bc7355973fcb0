#include "broker/http/figure_rates.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace qalam {
namespace {

constexpr double kSmoothingSeconds = 60;
constexpr double kMs = 1000;

std::uint64_t Between(std::uint64_t before, std::uint64_t now) {
  return now >= before ? now - before : now;
}

std::uint64_t PerSecond(std::uint64_t before, std::uint64_t now, double seconds) {
  return static_cast<std::uint64_t>(
      std::llround(static_cast<double>(Between(before, now)) / seconds));
}

PartitionRates RatesOf(const PartitionFigures& before, const PartitionFigures& now,
                       double seconds) {
  PartitionRates rates;
  rates.records_in = PerSecond(before.records, now.records, seconds);
  rates.bytes_in = PerSecond(before.bytes, now.bytes, seconds);
  rates.bytes_out = PerSecond(before.fetched_bytes, now.fetched_bytes, seconds);
  rates.refused = PerSecond(before.refused, now.refused, seconds);
  rates.duplicates = PerSecond(before.duplicates, now.duplicates, seconds);
  return rates;
}

std::uint64_t Sum(const std::vector<std::uint64_t>& counts) {
  std::uint64_t sum = 0;
  for (const std::uint64_t count : counts) sum += count;
  return sum;
}

std::uint64_t RefusedBy(const WriterFigures& writer) {
  std::uint64_t refused = 0;
  for (const auto& [word, count] : writer.refused) refused += count;
  return refused;
}

}  // namespace

std::vector<std::uint64_t> CountsBetween(const HistogramFigures& before,
                                         const HistogramFigures& now) {
  std::vector<std::uint64_t> counts = now.counts;
  for (std::size_t i = 0; i < counts.size() && i < before.counts.size(); ++i) {
    counts[i] = Between(before.counts[i], counts[i]);
  }
  return counts;
}

double Percentile(const std::vector<double>& bounds, const std::vector<std::uint64_t>& counts,
                  double share) {
  const double wanted = share * static_cast<double>(Sum(counts));
  double below = 0;
  for (std::size_t i = 0; i < counts.size() && i < bounds.size(); ++i) {
    const auto here = static_cast<double>(counts[i]);
    if (here > 0 && below + here >= wanted) {
      const double least = i == 0 ? 0 : bounds[i - 1];
      return least + (bounds[i] - least) * (wanted - below) / here;
    }
    below += here;
  }
  return wanted > 0 && !bounds.empty() ? bounds.back() : 0;
}

void FigureRates::Advance(std::shared_ptr<const BrokerFigures> now, double seconds,
                          std::size_t streams) {
  before_ = std::exchange(now_, std::move(now));
  previous_.swap(partitions_);
  partitions_.assign(now_->partitions.size(), {});
  totals_ = {};
  AdvancePartitions(std::max(seconds, 1e-3));
  AdvanceWriters(std::max(seconds, 1e-3));
  totals_.streams = streams;
  totals_.parked_readers = now_->readers_parked;
  totals_.resident_bytes = now_->resident_bytes;
  totals_.disk_free_bytes = now_->disk_free_bytes;
}

void FigureRates::AdvancePartitions(double seconds) {
  const auto keep = static_cast<float>(std::exp(-seconds / kSmoothingSeconds));
  std::size_t old = 0;
  for (std::size_t i = 0; i < partitions_.size(); ++i) {
    const PartitionFigures& now = now_->partitions[i];
    totals_.log_bytes += now.size_bytes;
    totals_.offline += now.offline ? 1 : 0;
    if (!before_) continue;
    const auto& olds = before_->partitions;
    while (old < olds.size() && olds[old].partition < now.partition) ++old;
    const bool known = old < olds.size() && olds[old].partition == now.partition;
    PartitionRates& rates = partitions_[i];
    rates = RatesOf(known ? olds[old] : PartitionFigures(), now, seconds);
    const auto bytes = static_cast<float>(rates.bytes_in + rates.bytes_out);
    rates.activity = (known ? previous_[old].activity * keep : 0) + bytes * (1 - keep);
    totals_.rates.records_in += rates.records_in;
    totals_.rates.bytes_in += rates.bytes_in;
    totals_.rates.bytes_out += rates.bytes_out;
    totals_.rates.refused += rates.refused;
    totals_.rates.duplicates += rates.duplicates;
  }
  totals_.partitions = static_cast<std::uint32_t>(partitions_.size());
}

void FigureRates::AdvanceWriters(double seconds) {
  writers_.clear();
  static const WriterFigures none;
  std::vector<std::uint64_t> all_syncs;
  double all_batches = 0;
  double all_groups = 0;
  for (std::size_t i = 0; i < now_->writers.size(); ++i) {
    const WriterFigures& now = now_->writers[i];
    const WriterFigures& before =
        before_ && i < before_->writers.size() ? before_->writers[i] : none;
    WriterRates& rates = writers_.emplace_back();
    rates.number = now.number;
    rates.queue_depth = now.queue_depth;
    totals_.queue_depth += now.queue_depth;
    if (!before_) continue;
    const auto groups =
        static_cast<double>(Sum(CountsBetween(before.group_batches, now.group_batches)));
    const double batches = std::max(0.0, now.group_batches.sum - before.group_batches.sum);
    const double bytes = std::max(0.0, now.group_bytes.sum - before.group_bytes.sum);
    rates.groups = groups / seconds;
    if (groups > 0) {
      rates.batches_per_group = batches / groups;
      rates.bytes_per_group = bytes / groups;
    }
    const auto writes = CountsBetween(before.write_seconds, now.write_seconds);
    const auto syncs = CountsBetween(before.sync_seconds, now.sync_seconds);
    rates.write_ms_p50 = Percentile(now.write_seconds.bounds, writes, 0.5) * kMs;
    rates.write_ms_p99 = Percentile(now.write_seconds.bounds, writes, 0.99) * kMs;
    rates.sync_ms_p50 = Percentile(now.sync_seconds.bounds, syncs, 0.5) * kMs;
    rates.sync_ms_p99 = Percentile(now.sync_seconds.bounds, syncs, 0.99) * kMs;
    rates.refused = PerSecond(RefusedBy(before), RefusedBy(now), seconds);
    all_syncs.resize(std::max(all_syncs.size(), syncs.size()));
    for (std::size_t k = 0; k < syncs.size(); ++k) all_syncs[k] += syncs[k];
    all_batches += batches;
    all_groups += groups;
  }
  for (const PartitionFigures& partition : now_->partitions) {
    const auto writer = static_cast<std::size_t>(partition.writer_thread);
    if (writer < writers_.size()) ++writers_[writer].partitions;
  }
  if (now_->writers.empty()) return;
  const std::vector<double>& bounds = now_->writers.front().sync_seconds.bounds;
  totals_.sync_ms_p50 = Percentile(bounds, all_syncs, 0.5) * kMs;
  totals_.sync_ms_p99 = Percentile(bounds, all_syncs, 0.99) * kMs;
  if (all_groups > 0) totals_.group_batches = all_batches / all_groups;
}

}  // namespace qalam
