#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "qalam/export.h"

// What a broker remembers of its writers' decisions: the story of a record, and what was refused.
// Durations are nanoseconds of a clock that never jumps, -1: not known. Thread: values.
QALAM_BEGIN_NAMESPACE

// Empty: it is forgotten, or was not said.
struct WriteOrigin {
  std::string client_id;
  std::string protocol;  // "grpc", "local" (a proxy of a directory), "embedded" (its owner).
  std::string peer;
};

struct GroupStory {
  std::uint64_t number = 0;  // Of the writer thread.
  std::int32_t writer_thread = 0;
  std::int32_t batches_count = 0;
  std::int64_t size_bytes = 0;
  std::string closed;  // Why: "queue_empty", "full" or "sequence".
  std::int64_t write_ns = -1;
  std::int64_t sync_ns = -1;  // -1: acknowledged without one.
};

struct RecordStory {
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t offset = -1;
  // The batch it came in.
  WriteOrigin sender;
  std::int64_t received_ms = -1;  // Milliseconds since 1970.
  std::int64_t check_ns = -1;
  std::int64_t queue_ns = -1;  // From the check until the writer took it up.
  std::int64_t total_ns = -1;  // Until the acknowledgement.
  std::int64_t base_offset = -1;
  std::int64_t last_offset = -1;
  std::int32_t leader_epoch = -1;
  std::int64_t size_bytes = 0;
  std::int64_t producer_id = -1;
  std::int32_t producer_epoch = -1;
  std::int32_t base_sequence = -1;
  std::int64_t expected_offset = -1;
  std::int32_t duplicates_count = 0;  // How often it came again, and was recognised.
  std::string durability;             // "fsync", "os" or "memory"; "": not acknowledged.
  std::optional<GroupStory> group;    // Absent: not acknowledged.
  std::int64_t first_read_ns = -1;    // After the acknowledgement; about.
  std::string traceparent;
  std::vector<std::string> lines;  // All of it in sentences.
};

struct Refusal {
  std::int64_t at_ms = -1;
  WriteOrigin sender;
  std::string code;  // "UNEXPECTED_OFFSET"
  std::string message;
  std::int64_t producer_id = -1;
  std::int32_t producer_epoch = -1;
  std::int32_t base_sequence = -1;
  std::int64_t expected_offset = -1;
  std::int64_t log_end_offset = -1;  // Then.
  std::int32_t records_count = 0;
  std::int64_t size_bytes = 0;
  std::int64_t queue_ns = -1;
  std::string traceparent;
};

struct RefusalList {
  std::vector<Refusal> refusals;        // Newest first.
  std::int64_t complete_since_ms = -1;  // Older ones may be forgotten.
};

QALAM_END_NAMESPACE
