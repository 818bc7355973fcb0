#include "broker/http/figure_history.h"

#include <algorithm>
#include <utility>

namespace qalam {
namespace {

constexpr std::chrono::seconds kMinute{60};
constexpr std::chrono::seconds kStep{5};
// A sample may come a little early.
constexpr std::chrono::milliseconds kSlack{500};
constexpr float kBusierBy = 1.5F;
constexpr float kActivityMin = 1;  // Bytes a second.

double Number(std::uint64_t value) { return static_cast<double>(value); }

// Where `partition` is among the sample's, which are in order.
std::optional<std::size_t> IndexOf(const BrokerFigures& figures, const TopicPartition& partition) {
  const auto found = std::lower_bound(
      figures.partitions.begin(), figures.partitions.end(), partition,
      [](const PartitionFigures& each, const TopicPartition& key) { return each.partition < key; });
  if (found == figures.partitions.end() || found->partition != partition) return std::nullopt;
  return static_cast<std::size_t>(found - figures.partitions.begin());
}

}  // namespace

void TotalsHistory::Add(TimestampMs at_ms, MonotonicTime now, const TotalRates& totals) {
  const Ring::Row row = {static_cast<double>(at_ms),
                         Number(totals.rates.records_in),
                         Number(totals.rates.bytes_in),
                         Number(totals.rates.bytes_out),
                         Number(totals.rates.refused),
                         Number(totals.rates.duplicates),
                         totals.sync_ms_p50,
                         totals.group_batches,
                         totals.sync_ms_p99,
                         Number(totals.queue_depth),
                         Number(totals.streams),
                         Number(totals.parked_readers),
                         Number(totals.resident_bytes),
                         Number(totals.disk_free_bytes),
                         Number(totals.log_bytes),
                         Number(totals.offline)};
  seconds_.Add(row);
  if (minute_rows_ == 0) {
    minute_ = {};
    if (minute_began_ == MonotonicTime{}) minute_began_ = now;
  }
  ++minute_rows_;
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (i > 0 && i < kMeansEnd) {
      minute_[i] += row[i];
    } else if (i >= kMeansEnd && i < kLargestEnd) {
      minute_[i] = std::max(minute_[i], row[i]);
    } else {
      minute_[i] = row[i];
    }
  }
  if (now - minute_began_ < kMinute - kSlack) return;
  for (std::size_t i = 1; i < kMeansEnd; ++i) minute_[i] /= Number(minute_rows_);
  minutes_.Add(minute_);
  minute_rows_ = 0;
  minute_began_ = now;
}

void BusiestHistory::Add(TimestampMs at_ms, MonotonicTime now, const FigureRates& rates) {
  if (step_began_ == MonotonicTime{}) step_began_ = now;
  for (Slot& slot : slots_) {
    if (slot.partition) Accumulate(slot, rates);
  }
  if (now - step_began_ < kStep - kSlack) return;
  step_began_ = now;
  CloseStep(at_ms);
  Choose(rates);
}

void BusiestHistory::Accumulate(Slot& slot, const FigureRates& rates) {
  const auto i = IndexOf(*rates.now(), *slot.partition);
  if (!i) {
    slot.partition.reset();
    return;
  }
  const PartitionRates& now = rates.partitions()[*i];
  slot.sums[1] += Number(now.records_in);
  slot.sums[2] += Number(now.bytes_in);
  slot.sums[3] += Number(now.bytes_out);
  slot.sums[4] += Number(now.refused);
  slot.sums[5] = static_cast<double>(rates.now()->partitions[*i].high_watermark);
  slot.sums[6] = Number(rates.now()->partitions[*i].size_bytes);
  ++slot.samples;
}

void BusiestHistory::CloseStep(TimestampMs at_ms) {
  for (Slot& slot : slots_) {
    if (slot.partition && slot.samples > 0) {
      slot.sums[0] = static_cast<double>(at_ms);
      for (std::size_t i = 1; i <= 4; ++i) slot.sums[i] /= Number(slot.samples);
      slot.ring.Add(slot.sums);
    }
    slot.sums = {};
    slot.samples = 0;
  }
}

void BusiestHistory::Choose(const FigureRates& rates) {
  const auto& partitions = rates.now()->partitions;
  const auto activity = [&](std::uint32_t i) { return rates.partitions()[i].activity; };
  // The busiest that have no slot, busiest first.
  std::vector<std::uint32_t> outside;
  for (std::uint32_t i = 0; i < partitions.size(); ++i) {
    if (activity(i) >= kActivityMin && Find(partitions[i].partition) == nullptr) {
      outside.push_back(i);
    }
  }
  const auto busier = [&](std::uint32_t a, std::uint32_t b) { return activity(a) > activity(b); };
  const std::size_t few = std::min(kPartitions, outside.size());
  std::partial_sort(outside.begin(), outside.begin() + static_cast<std::ptrdiff_t>(few),
                    outside.end(), busier);
  std::vector<std::pair<float, Slot*>> inside;  // The least busy first; free ones before all.
  for (Slot& slot : slots_) {
    const auto i = slot.partition ? IndexOf(*rates.now(), *slot.partition) : std::nullopt;
    inside.emplace_back(i ? activity(static_cast<std::uint32_t>(*i)) : -1.0F, &slot);
  }
  std::sort(inside.begin(), inside.end());
  for (std::size_t k = 0; k < few; ++k) {
    const auto& [least, slot] = inside[k];
    if (least >= 0 && activity(outside[k]) <= least * kBusierBy) return;
    slot->partition = partitions[outside[k]].partition;
    slot->ring.Clear();
  }
}

const BusiestHistory::Ring* BusiestHistory::Find(const TopicPartition& partition) const {
  for (const Slot& slot : slots_) {
    if (slot.partition == partition) return &slot.ring;
  }
  return nullptr;
}

}  // namespace qalam
