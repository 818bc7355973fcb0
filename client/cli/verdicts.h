#pragma once

#include <qalam/client.h>

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

#include "client/cli/histogram.h"

namespace qalam::cli {

// What became of the records of one `produce`: counts, latency, the first error, and, if wanted, a
// line of JSON on stdout for each acknowledged record, in the order of acknowledgement.
// Thread: any; Take is called on the producer's callback thread.
class Verdicts {
 public:
  explicit Verdicts(bool print) : print_(print) {}

  void Take(const abi0::BatchReport& report);
  // A record that never became part of a batch.
  void Refuse(const abi0::Error& error);
  // Says more of a refusal whose batch is to be taken next: only the first error counts.
  void Explain(const abi0::Error& error);

  bool failed() const { return failed_.load(std::memory_order_relaxed) > 0; }
  std::uint64_t failed_count() const { return failed_.load(); }
  std::uint64_t acked_count() const { return acked_.load(); }
  // Of those that failed: given up before they were sent.
  std::uint64_t unsent_count() const { return unsent_.load(); }
  // Some of the lines could not be written.
  bool output_failed() const { return output_failed_.load(); }
  std::optional<abi0::Error> first_error() const;
  // "; ack p50 0.35 ms, p99 1.20 ms, fsync", or nothing.
  std::string Summary() const;

 private:
  void Print(const abi0::BatchReport& report);

  const bool print_;
  std::atomic<std::uint64_t> acked_{0};
  std::atomic<std::uint64_t> failed_{0};
  std::atomic<std::uint64_t> unsent_{0};
  std::atomic<bool> output_failed_{false};
  mutable std::mutex mutex_;  // Of what follows.
  std::string lines_;         // Kept for its memory.
  abi0::Durability durability_ = abi0::Durability::kUnknown;
  std::optional<abi0::Error> first_error_;
  Histogram latency_;
};

}  // namespace qalam::cli
