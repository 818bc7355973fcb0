#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "qalam/export.h"

QALAM_BEGIN_NAMESPACE

// How values were spread: counts[i] of them up to bounds[i], the last of `counts` beyond all.
struct HistogramFigures {
  std::vector<double> bounds;  // Seconds, bytes or batches.
  std::vector<std::uint64_t> counts;
  double sum = 0;
};

struct WriterFigures {
  std::int32_t number = 0;
  std::uint64_t queue_depth = 0;   // Requests that wait for the writer thread.
  HistogramFigures group_batches;  // That one group, and one sync, covered.
  HistogramFigures group_bytes;
  HistogramFigures write_seconds;
  HistogramFigures sync_seconds;  // From a group's write to the return of the sync that covers it.
  std::map<std::string, std::uint64_t> refused;  // Batches, by the error's word.
};

struct PartitionFigures {
  std::string topic;
  std::int32_t partition = 0;
  std::uint64_t batches = 0;  // These six since the start of the process.
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;
  std::uint64_t duplicates = 0;
  std::uint64_t refused = 0;
  std::uint64_t fetched_bytes = 0;
  std::int64_t log_start_offset = 0;
  std::int64_t high_watermark = 0;
  std::uint64_t size_bytes = 0;
  bool offline = false;
  std::int32_t writer_thread = 0;
  std::int32_t leader_epoch = -1;
  std::int32_t leader = -1;  // Broker id; -1: none.
  std::string status;        // "ok", or what is wrong.
};

// What a broker counts, at about one moment. Rates are the difference of two.
struct BrokerFigures {
  std::int64_t at_ms = 0;  // Since 1970, by the broker's clock.
  std::vector<WriterFigures> writers;
  std::vector<PartitionFigures> partitions;  // By topic, then number.
  std::uint64_t parked_readers = 0;          // Readers that wait for records.
  std::uint64_t resident_bytes = 0;
  std::uint64_t disk_free_bytes = 0;
};

struct StreamInfo {
  std::string kind;  // "produce" or "tail".
  std::string topic;
  std::int32_t partition = 0;
  std::string client_id;
  std::string protocol;  // "grpc".
  std::string peer;      // "ipv4:127.0.0.1:40122".
  std::int64_t opened_ms = 0;
};

struct StreamList {
  std::vector<StreamInfo> streams;  // The oldest first.
  std::uint64_t count = 0;          // All there are, those that were left out included.
};

QALAM_END_NAMESPACE
