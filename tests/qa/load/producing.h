#pragma once

#include <qalam/client.h>

#include <atomic>
#include <cstdint>
#include <string>

#include "tests/qa/load/history_file.h"

namespace qalam::qa {

struct ProducingOptions {
  std::string topic;
  std::int32_t partitions_count = 1;
  std::string name;  // Of the producer; unique in the history.
  std::size_t value_bytes = 100;
  std::int64_t records_per_second = 1000;
  std::int64_t records_max = INT64_MAX;
  std::chrono::milliseconds delivery_timeout{120'000};
};

struct ProducingCounts {
  std::atomic<std::int64_t> sent{0};
  std::atomic<std::int64_t> acked{0};
  std::atomic<std::int64_t> duplicates{0};  // Of the acknowledged.
  std::atomic<std::int64_t> refused{0};
  std::atomic<std::int64_t> unknown{0};
};

// One idempotent producer: sends numbered records at a rate, over all partitions in turn, until
// `stop` or the last record, waits for every verdict, and notes all of it. Blocks. Thread: one of
// its own.
void Produce(const qalam::Client& client, const ProducingOptions& options,
             const std::atomic<bool>& stop, HistoryFile& history, ProducingCounts& counts);

}  // namespace qalam::qa
