#include "broker/http/row_changes.h"

#include <algorithm>
#include <utility>

namespace qalam {
namespace {

constexpr std::size_t kRowBytesMin = 40;  // No row is shorter.

// The first `count` of `items`, in order; the rest in none.
template <typename Less>
void SortFirst(std::vector<std::uint32_t>& items, std::size_t count, const Less& less) {
  const auto middle = items.begin() + static_cast<std::ptrdiff_t>(std::min(count, items.size()));
  if (middle != items.end()) std::nth_element(items.begin(), middle, items.end(), less);
  std::sort(items.begin(), middle, less);
}

}  // namespace

void RowChanges::Note(Row& row, const PartitionFigures& figures, const PartitionRates& rates) {
  row.leader = figures.leader;
  row.epoch = figures.leader_epoch;
  row.writer = figures.writer_thread;
  row.start = figures.log_start_offset;
  row.high = figures.high_watermark;
  row.size = figures.size_bytes;
  row.records_in = rates.records_in;
  row.bytes_in = rates.bytes_in;
  row.bytes_out = rates.bytes_out;
  row.refused = rates.refused;
  row.status = figures.status;
  row.waits_since = 0;
  row.is_new = false;
}

bool RowChanges::IsUrgent(const Row& row, const PartitionFigures& figures) {
  return row.is_new || row.leader != figures.leader || row.epoch != figures.leader_epoch ||
         row.status != figures.status;
}

bool RowChanges::Differs(const Row& row, const PartitionFigures& figures,
                         const PartitionRates& rates) {
  return IsUrgent(row, figures) || row.writer != figures.writer_thread ||
         row.start != figures.log_start_offset || row.high != figures.high_watermark ||
         row.size != figures.size_bytes || row.records_in != rates.records_in ||
         row.bytes_in != rates.bytes_in || row.bytes_out != rates.bytes_out ||
         row.refused != rates.refused;
}

// Brings `sent_` to the partitions that there are now.
void RowChanges::Match(const BrokerFigures& now) {
  gone_.clear();
  const auto same = [](const Row& row, const PartitionFigures& figures) {
    return row.partition == figures.partition;
  };
  if (std::equal(sent_.begin(), sent_.end(), now.partitions.begin(), now.partitions.end(), same)) {
    return;
  }
  std::vector<Row> matched;
  matched.reserve(now.partitions.size());
  auto old = sent_.begin();
  for (const PartitionFigures& figures : now.partitions) {
    for (; old != sent_.end() && old->partition < figures.partition; ++old) {
      gone_.push_back(std::move(old->partition));
    }
    if (old != sent_.end() && old->partition == figures.partition) {
      matched.push_back(std::move(*old++));
    } else {
      matched.emplace_back().partition = figures.partition;
    }
  }
  for (; old != sent_.end(); ++old) gone_.push_back(std::move(old->partition));
  sent_ = std::move(matched);
}

void RowChanges::Reset(const FigureRates& rates) {
  Match(*rates.now());
  gone_.clear();
  waiting_ = 0;
  for (std::size_t i = 0; i < sent_.size(); ++i) {
    Note(sent_[i], rates.now()->partitions[i], rates.partitions()[i]);
  }
}

std::vector<std::uint32_t> RowChanges::Order(const FigureRates& rates,
                                             std::vector<std::uint32_t> changed) {
  const std::size_t fit = bytes_max_ / kRowBytesMin + 1;
  const auto busy = [&](std::uint32_t i) {
    const PartitionRates& now = rates.partitions()[i];
    // What it was counts too: one that fell silent is to be seen silent.
    return now.bytes_in + now.bytes_out + sent_[i].bytes_in + sent_[i].bytes_out;
  };
  std::vector<std::uint32_t> order;
  const auto urgent_end = std::stable_partition(
      changed.begin(), changed.end(),
      [&](std::uint32_t i) { return IsUrgent(sent_[i], rates.now()->partitions[i]); });
  order.assign(changed.begin(), urgent_end);
  std::vector<std::uint32_t> busiest(urgent_end, changed.end());
  std::vector<std::uint32_t> longest = busiest;
  SortFirst(busiest, fit, [&](std::uint32_t a, std::uint32_t b) {
    return std::pair(busy(b), a) < std::pair(busy(a), b);
  });
  SortFirst(longest, fit, [&](std::uint32_t a, std::uint32_t b) {
    return std::pair(sent_[a].waits_since, a) < std::pair(sent_[b].waits_since, b);
  });
  for (std::size_t i = 0; i < std::min(fit, busiest.size()); ++i) {
    order.push_back(busiest[i]);
    order.push_back(longest[i]);
  }
  return order;
}

std::string RowChanges::Take(const FigureRates& rates, const Encode& encode) {
  ++sample_;
  Match(*rates.now());
  std::vector<std::uint32_t> changed;
  for (std::size_t i = 0; i < sent_.size(); ++i) {
    if (!Differs(sent_[i], rates.now()->partitions[i], rates.partitions()[i])) {
      sent_[i].waits_since = 0;  // It is again as it was sent.
      continue;
    }
    if (sent_[i].waits_since == 0) sent_[i].waits_since = sample_;
    changed.push_back(static_cast<std::uint32_t>(i));
  }
  waiting_ = changed.size();
  const bool all_fit = changed.size() * kRowBytesMin * 4 < bytes_max_;
  const auto order = all_fit ? std::move(changed) : Order(rates, std::move(changed));
  std::string out;
  for (const std::uint32_t i : order) {
    if (out.size() >= bytes_max_) break;
    if (sent_[i].waits_since == 0) continue;  // Came twice in the order.
    if (!out.empty()) out += ',';
    encode(out, i);
    Note(sent_[i], rates.now()->partitions[i], rates.partitions()[i]);
    --waiting_;
  }
  return out;
}

}  // namespace qalam
