#include "client/cli/figure_rates.h"

#include <algorithm>
#include <tuple>

namespace qalam::cli {
namespace {

std::uint64_t Gained(std::uint64_t before, std::uint64_t now) {
  return now >= before ? now - before : now;
}

std::uint64_t Refused(const abi0::WriterFigures* writer) {
  std::uint64_t sum = 0;
  if (writer == nullptr) return sum;
  for (const auto& [word, count] : writer->refused) sum += count;
  return sum;
}

WriterRates RatesOf(const abi0::WriterFigures* before, const abi0::WriterFigures& now,
                    double seconds) {
  const auto gain = [&](const abi0::HistogramFigures abi0::WriterFigures::*which) {
    return GainOf(before == nullptr ? nullptr : &(before->*which), now.*which);
  };
  WriterRates rates;
  rates.number = now.number;
  rates.queue_depth = now.queue_depth;
  const Spread batches = gain(&abi0::WriterFigures::group_batches);
  rates.groups = static_cast<double>(batches.count) / seconds;
  rates.batches_per_group = batches.mean();
  rates.bytes_per_group = gain(&abi0::WriterFigures::group_bytes).mean();
  rates.refused = static_cast<double>(Gained(Refused(before), Refused(&now))) / seconds;
  rates.write_seconds = gain(&abi0::WriterFigures::write_seconds);
  rates.sync_seconds = gain(&abi0::WriterFigures::sync_seconds);
  return rates;
}

PartitionRates RatesOf(const abi0::PartitionFigures& before, abi0::PartitionFigures now,
                       double seconds) {
  const auto rate = [&](std::uint64_t abi0::PartitionFigures::*which) {
    return static_cast<double>(Gained(before.*which, now.*which)) / seconds;
  };
  PartitionRates rates;
  rates.records_in = rate(&abi0::PartitionFigures::records);
  rates.bytes_in = rate(&abi0::PartitionFigures::bytes);
  rates.bytes_out = rate(&abi0::PartitionFigures::fetched_bytes);
  rates.refused = rate(&abi0::PartitionFigures::refused);
  rates.duplicates = rate(&abi0::PartitionFigures::duplicates);
  rates.now = std::move(now);
  return rates;
}

bool IsBefore(const abi0::PartitionFigures& a, const abi0::PartitionFigures& b) {
  return std::tie(a.topic, a.partition) < std::tie(b.topic, b.partition);
}

void AddTo(Spread& sum, const Spread& part) {
  if (sum.counts.empty()) {
    sum = part;
    return;
  }
  sum.count += part.count;
  sum.sum += part.sum;
  for (std::size_t i = 0; i < std::min(sum.counts.size(), part.counts.size()); ++i) {
    sum.counts[i] += part.counts[i];
  }
}

void AddTo(TotalRates& totals, const PartitionRates& partition) {
  totals.records_in += partition.records_in;
  totals.bytes_in += partition.bytes_in;
  totals.bytes_out += partition.bytes_out;
  totals.refused += partition.refused;
  totals.duplicates += partition.duplicates;
  totals.log_bytes += partition.now.size_bytes;
  ++totals.partitions;
  totals.offline += partition.now.offline ? 1 : 0;
}

}  // namespace

double Spread::Quantile(double q) const {
  if (count == 0) return 0;
  const double rank = std::max(q * static_cast<double>(count), 1e-9);
  double below = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const auto here = static_cast<double>(counts[i]);
    if (below + here >= rank && here > 0) {
      if (i >= bounds.size()) return bounds.empty() ? 0 : bounds.back();
      const double low = i == 0 ? 0 : bounds[i - 1];
      return low + (bounds[i] - low) * (rank - below) / here;
    }
    below += here;
  }
  return bounds.empty() ? 0 : bounds.back();
}

Spread GainOf(const abi0::HistogramFigures* before, const abi0::HistogramFigures& now) {
  Spread gain;
  gain.bounds = now.bounds;
  gain.counts = now.counts;
  gain.sum = now.sum;
  bool goes_on = before != nullptr && before->counts.size() == now.counts.size();
  for (std::size_t i = 0; goes_on && i < now.counts.size(); ++i) {
    goes_on = now.counts[i] >= before->counts[i];
  }
  if (goes_on) {
    for (std::size_t i = 0; i < now.counts.size(); ++i) gain.counts[i] -= before->counts[i];
    gain.sum -= before->sum;
  }
  for (const std::uint64_t each : gain.counts) gain.count += each;
  return gain;
}

std::optional<BrokerRates> FigureRates::Add(abi0::BrokerFigures figures,
                                            std::chrono::nanoseconds elapsed) {
  std::optional<BrokerRates> rates;
  if (before_) {
    rates.emplace();
    rates->seconds = std::max(std::chrono::duration<double>(elapsed).count(), 1e-3);
    rates->now.at_ms = figures.at_ms;
    rates->now.parked_readers = figures.parked_readers;
    rates->now.resident_bytes = figures.resident_bytes;
    rates->now.disk_free_bytes = figures.disk_free_bytes;
    for (const abi0::WriterFigures& writer : figures.writers) {
      const auto found = std::find_if(before_->writers.begin(), before_->writers.end(),
                                      [&](const auto& old) { return old.number == writer.number; });
      rates->writers.push_back(
          RatesOf(found == before_->writers.end() ? nullptr : &*found, writer, rates->seconds));
      AddTo(rates->totals.sync_seconds, rates->writers.back().sync_seconds);
    }
    rates->partitions.reserve(figures.partitions.size());
    auto old = before_->partitions.begin();
    for (const abi0::PartitionFigures& partition : figures.partitions) {
      while (old != before_->partitions.end() && IsBefore(*old, partition)) ++old;
      const bool is_new = old == before_->partitions.end() || IsBefore(partition, *old);
      rates->partitions.push_back(
          RatesOf(is_new ? abi0::PartitionFigures() : *old, partition, rates->seconds));
      AddTo(rates->totals, rates->partitions.back());
      for (WriterRates& writer : rates->writers) {
        if (writer.number == partition.writer_thread) ++writer.partitions;
      }
    }
  }
  before_ = std::move(figures);
  return rates;
}

}  // namespace qalam::cli
