#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "broker/http/figure_rates.h"

namespace qalam {

// Decides which partitions' rows the next delta carries: those that differ from what was last sent,
// so many bytes at most. What does not fit waits. News of who leads or what is wrong go first;
// then, by turns, a row of the busiest and one of those that have waited longest, so that busy rows
// are fresh and none waits for ever. Pure. Thread: its owner's.
class RowChanges {
 public:
  // Appends the row of now()->partitions[i], as it is to be sent.
  using Encode = std::function<void(std::string& out, std::size_t i)>;

  explicit RowChanges(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  // Whoever listens knows all rows as they are now.
  void Reset(const FigureRates& rates);
  // Takes the next sample. Answers the rows to send, separated by commas, and notes them as sent.
  std::string Take(const FigureRates& rates, const Encode& encode);
  // Those that were there at the sample before and are not any more.
  const std::vector<TopicPartition>& gone() const { return gone_; }
  std::size_t waiting() const { return waiting_; }  // Rows that changed and did not fit.

 private:
  struct Row {
    TopicPartition partition;
    NodeId leader = -1;
    Epoch epoch = kNoEpoch;
    std::int32_t writer = -1;
    Offset start = 0;
    Offset high = 0;
    std::uint64_t size = 0;
    std::uint64_t records_in = 0;
    std::uint64_t bytes_in = 0;
    std::uint64_t bytes_out = 0;
    std::uint64_t refused = 0;
    std::string status;
    std::uint64_t waits_since = 0;  // The sample that first differed; 0: as sent.
    bool is_new = true;
  };
  static void Note(Row& row, const PartitionFigures& figures, const PartitionRates& rates);
  static bool IsUrgent(const Row& row, const PartitionFigures& figures);
  static bool Differs(const Row& row, const PartitionFigures& figures, const PartitionRates& rates);
  void Match(const BrokerFigures& now);
  // Indexes of what changed, in the order in which it goes out.
  std::vector<std::uint32_t> Order(const FigureRates& rates, std::vector<std::uint32_t> changed);

  const std::size_t bytes_max_;
  std::vector<Row> sent_;  // As the last sample's partitions.
  std::vector<TopicPartition> gone_;
  std::uint64_t sample_ = 0;
  std::size_t waiting_ = 0;
};

}  // namespace qalam
