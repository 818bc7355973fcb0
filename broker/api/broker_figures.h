#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/ids.h"

namespace qalam {

// How values were spread: `counts[i]` of them up to `bounds[i]`, the last of `counts` beyond all.
struct HistogramFigures {
  std::vector<double> bounds;  // Seconds, bytes or batches.
  std::vector<std::uint64_t> counts;
  double sum = 0;
};

struct WriterFigures {
  std::int32_t number = 0;
  std::size_t queue_depth = 0;
  HistogramFigures group_batches;
  HistogramFigures group_bytes;
  HistogramFigures write_seconds;
  HistogramFigures sync_seconds;
  std::vector<std::pair<std::string_view, std::uint64_t>> refused;  // Batches, by error word.
};

struct PartitionFigures {
  TopicPartition partition;
  std::uint64_t batches = 0;  // These six since the start of the process.
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;
  std::uint64_t duplicates = 0;
  std::uint64_t refused = 0;
  std::uint64_t fetched_bytes = 0;
  Offset log_start_offset = 0;
  Offset high_watermark = 0;
  std::uint64_t size_bytes = 0;
  bool offline = false;
  std::int32_t writer_thread = 0;
  NodeId leader = -1;
  Epoch leader_epoch = kNoEpoch;
  std::string status = "ok";  // Or what is wrong, as PartitionInfo::status.
};

// Every figure of a broker at about one moment. Each is exact; that they belong together is not
// promised. Thread: a value.
struct BrokerFigures {
  TimestampMs at_ms = 0;
  std::vector<WriterFigures> writers;
  std::vector<PartitionFigures> partitions;  // By topic, then number.
  std::size_t readers_parked = 0;
  std::uint64_t resident_bytes = 0;
  std::uint64_t disk_free_bytes = 0;
};

}  // namespace qalam
