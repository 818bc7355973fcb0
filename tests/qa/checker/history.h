#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace qalam::qa {

// What one run's clients, brokers and fault injectors noted: the input of the checker. Fields,
// units and the file they come from: tests/qa/README.md. Every event has the number of its line in
// the file (`line`, from 1) and the time it was noted (`t_ns`); what was asked for and answered
// also has the time of the question (`begin_ns`). Only "answered before asked" orders two events.

struct Send {
  std::size_t line = 0;
  std::int64_t t_ns = 0;
  std::string producer;
  std::int64_t seq = 0;
  std::string record;
  std::string digest;
  bool idempotent = true;
};

enum class OutcomeKind { kAck, kRefuse, kUnknown };
enum class Durability { kFsync, kOs, kMemory };

// How a send ended. `offset`, `epoch`, `durability` and `duplicate` belong to an acknowledgement
// only.
struct Outcome {
  std::size_t line = 0;
  std::int64_t t_ns = 0;
  OutcomeKind kind = OutcomeKind::kUnknown;
  std::string record;
  std::int64_t offset = 0;
  std::int64_t epoch = 0;
  Durability durability = Durability::kFsync;
  bool duplicate = false;  // Written by an earlier attempt, perhaps in an earlier epoch.
};

// A record as somebody found it. No token: its bytes were not a record of ours.
struct Found {
  std::size_t line = 0;
  std::int64_t offset = 0;
  std::optional<std::string> record;
  std::string digest;
  std::int64_t epoch = 0;
  std::int64_t append_ms = 0;

  bool SameContent(const Found& other) const {
    return record == other.record && digest == other.digest;
  }
};

struct Read {
  std::int64_t t_ns = 0;
  std::int64_t begin_ns = 0;
  std::string reader;
  std::int64_t high_watermark = 0;
  Found found;
};

struct Watermark {
  std::size_t line = 0;
  std::int64_t t_ns = 0;
  std::int64_t begin_ns = 0;
  std::int64_t log_start = 0;
  std::int64_t high_watermark = 0;
  std::optional<std::int64_t> durable_end = {};
};

struct Lead {
  std::size_t line = 0;
  std::int64_t t_ns = 0;
  std::string broker;
  std::int64_t epoch = 0;
};

struct Trim {
  std::size_t line = 0;
  std::int64_t t_ns = 0;
  std::int64_t log_start = 0;
};

// One way's final reading of the whole partition; `found` in the order of the lines.
struct Readback {
  std::size_t line = 0;
  std::int64_t t_ns = 0;
  std::int64_t begin_ns = 0;
  std::string way;
  std::int64_t log_start = 0;
  std::int64_t log_end = 0;
  std::vector<Found> found = {};
};

// Everything about one partition; each list by time, then by line.
struct PartitionHistory {
  std::vector<Send> sends;
  std::vector<Outcome> outcomes;
  std::vector<Read> reads;
  std::vector<Watermark> watermarks;
  std::vector<Lead> leads;
  std::vector<Trim> trims;
  std::vector<Readback> readbacks;
};

enum class BrokerStep { kStart, kStop, kKill, kPowerCut };

struct BrokerEvent {
  std::size_t line = 0;
  std::int64_t t_ns = 0;
  std::string broker;
  BrokerStep step = BrokerStep::kStart;
};

struct Fault {
  std::size_t line = 0;
  std::int64_t t_ns = 0;
  std::string name;
  std::optional<std::int64_t> until_ns = {};
};

// What the run set out to do, so that a run that did less is not taken for a good one.
struct Plan {
  std::size_t line = 0;
  std::int64_t acks_min = 1;
  std::int64_t reads_min = 0;
  std::int64_t readbacks_min = 1;
  std::vector<std::string> faults;
  bool append_time_ascends = false;
  std::optional<std::int64_t> answer_ms_max;
  std::optional<std::int64_t> progress_ms_max;
};

struct History {
  Plan plan;
  std::map<std::string, PartitionHistory> partitions;
  std::vector<BrokerEvent> brokers;
  std::vector<Fault> faults;
};

}  // namespace qalam::qa
