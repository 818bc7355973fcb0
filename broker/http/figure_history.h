#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "broker/http/figure_rates.h"
#include "common/clock.h"

namespace qalam {

// The last so many rows of so many numbers; the oldest makes room. All its memory is taken at the
// beginning. Thread: its owner's.
template <std::size_t kColumns>
class HistoryRing {
 public:
  using Row = std::array<double, kColumns>;

  explicit HistoryRing(std::size_t rows_max) : rows_max_(rows_max) { rows_.reserve(rows_max); }

  void Add(const Row& row) {
    if (rows_.size() < rows_max_) {
      rows_.push_back(row);
    } else {
      rows_[next_] = row;
    }
    next_ = (next_ + 1) % rows_max_;
  }
  void Clear() {
    rows_.clear();
    next_ = 0;
  }
  std::size_t size() const { return rows_.size(); }
  // 0: the oldest.
  const Row& at(std::size_t i) const {
    return rows_[rows_.size() < rows_max_ ? i : (next_ + i) % rows_max_];
  }
  std::size_t memory_bytes() const { return rows_max_ * sizeof(Row); }

 private:
  const std::size_t rows_max_;
  std::vector<Row> rows_;
  std::size_t next_ = 0;
};

// The totals of the last 15 minutes by seconds and of the last 24 hours by minutes: 0.3 MiB. A
// minute's row has means of rates and of the middle percentile, the largest of the high percentile
// and of the queue, and the last of what is a level. Pure. Thread: its owner's.
class TotalsHistory {
 public:
  static constexpr std::array<std::string_view, 16> kColumns = {
      "atMs",          "recordsIn",     "bytesIn",   "bytesOut",   "refused", "duplicates",
      "syncMsP50",     "groupBatches",  "syncMsP99", "queueDepth", "streams", "parkedReaders",
      "residentBytes", "diskFreeBytes", "logBytes",  "offline"};
  using Ring = HistoryRing<kColumns.size()>;

  void Add(TimestampMs at_ms, MonotonicTime now, const TotalRates& totals);
  const Ring& seconds() const { return seconds_; }
  const Ring& minutes() const { return minutes_; }
  std::size_t memory_bytes() const { return seconds_.memory_bytes() + minutes_.memory_bytes(); }

 private:
  static constexpr std::size_t kMeansEnd = 8;     // Columns from atMs to groupBatches.
  static constexpr std::size_t kLargestEnd = 10;  // syncMsP99, queueDepth.

  Ring seconds_{15 * 60};
  Ring minutes_{24 * 60};
  Ring::Row minute_{};  // Sums, largest and last of the minute that runs.
  std::size_t minute_rows_ = 0;
  MonotonicTime minute_began_{};
};

// The last 15 minutes, by steps of 5 seconds, of the 32 busiest partitions: 0.3 MiB. Who is busier
// than one of them by half, over about a minute, takes its place and begins anew. Pure. Thread: its
// owner's.
class BusiestHistory {
 public:
  static constexpr std::size_t kPartitions = 32;
  static constexpr std::array<std::string_view, 7> kColumns = {
      "atMs", "recordsIn", "bytesIn", "bytesOut", "refused", "high", "size"};
  using Ring = HistoryRing<kColumns.size()>;

  // Every second.
  void Add(TimestampMs at_ms, MonotonicTime now, const FigureRates& rates);
  // Null: not one of them.
  const Ring* Find(const TopicPartition& partition) const;
  std::size_t memory_bytes() const { return slots_.size() * kRows * sizeof(Ring::Row); }

 private:
  static constexpr std::size_t kRows = 15 * 60 / 5;
  struct Slot {
    std::optional<TopicPartition> partition;
    Ring ring{kRows};
    Ring::Row sums{};
    std::size_t samples = 0;
  };
  void Accumulate(Slot& slot, const FigureRates& rates);
  void CloseStep(TimestampMs at_ms);
  void Choose(const FigureRates& rates);

  std::vector<Slot> slots_ = std::vector<Slot>(kPartitions);
  MonotonicTime step_began_{};
};

}  // namespace qalam
