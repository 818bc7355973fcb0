#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "broker/http/figure_rates.h"
#include "common/clock.h"

namespace qalam {

// Something an operator may want to know of.
struct FeedEntry {
  enum class Level { kInfo, kWarning, kError };
  TimestampMs at_ms = 0;
  Level level = Level::kInfo;
  std::string text;            // "orders/3: epoch 9, leader 1"
  std::string topic;           // Empty: of the broker.
  PartitionId partition = -1;  // -1: of the topic.
};

// What happened lately, found by comparing samples: topics made and deleted, partitions offline and
// back, new epochs, syncs beyond half a second, little space left, refusals. The same trouble is
// told once, and again only when it is still there after a while. Pure. Thread: its owner's.
class EventFeed {
 public:
  static constexpr std::size_t kEntriesMax = 200;
  static constexpr std::size_t kKindMax = 20;  // Of one kind in one sample; the rest are counted.
  static constexpr std::uint64_t kDiskLowBytes = std::uint64_t{1} << 30;

  // Compares rates.before() with rates.now(). Answers how many entries are new.
  std::size_t Observe(TimestampMs at_ms, MonotonicTime now, const FigureRates& rates);
  const std::deque<FeedEntry>& entries() const { return entries_; }  // The newest last.

 private:
  void CompareTopics(const BrokerFigures& before, const BrokerFigures& now);
  void ComparePartitions(const BrokerFigures& before, const BrokerFigures& now);
  void CompareWriters(const BrokerFigures& before, const BrokerFigures& now);
  void CompareRefusals(const BrokerFigures& before, const BrokerFigures& now);
  void CheckDisk(const BrokerFigures& now);
  void Add(FeedEntry::Level level, std::string text, const std::string& topic = "",
           PartitionId partition = -1);
  void AddRest(FeedEntry::Level level, std::size_t count, const std::string& what);
  // False: it was told not long ago.
  bool MayTell(const std::string& trouble);

  std::deque<FeedEntry> entries_;
  std::size_t added_ = 0;
  TimestampMs at_ms_ = 0;
  MonotonicTime now_{};
  std::map<std::string, MonotonicTime> told_;
  bool disk_low_ = false;
};

}  // namespace qalam
