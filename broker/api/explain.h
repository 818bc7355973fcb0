#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "broker/partition/append_result.h"
#include "common/error.h"
#include "common/ids.h"

// What the decision rings tell of one write, in plain structs. Durations are of a monotonic clock,
// -1: not known. Thread: values.
namespace qalam {

// Empty: it is forgotten, or nobody said.
struct Sender {
  std::string client_id;
  std::string protocol;
  std::string peer;
};

// One group commit.
struct GroupStory {
  std::uint64_t number = 0;  // Of this writer thread.
  std::int32_t writer_thread = 0;
  std::int32_t batches = 0;
  std::int64_t bytes = 0;
  GroupClosed closed = GroupClosed::kQueueEmpty;
  std::int64_t write_ns = -1;
  std::int64_t sync_ns = -1;  // -1 also: acknowledged without one.
};

// One batch on its way into the log.
struct BatchStory {
  Sender sender;
  TimestampMs received_ms = kNoTimestamp;
  std::int64_t check_ns = -1;
  std::int64_t queue_ns = -1;
  std::int64_t total_ns = -1;  // -1: not acknowledged, as far as the ring knows.
  Offset base_offset = kNoOffset;
  Offset last_offset = kNoOffset;
  Epoch leader_epoch = kNoEpoch;
  std::int64_t bytes = 0;
  ProducerId producer_id = kNoProducerId;
  std::int16_t producer_epoch = -1;
  std::int32_t base_sequence = -1;
  Offset expected_offset = kNoOffset;
  std::int32_t duplicates = 0;
  // What the acknowledgement said; nothing: there was none.
  std::optional<Durability> durability;
  std::optional<GroupStory> group;  // Nothing: not acknowledged.
  std::int64_t first_read_ns = -1;
  std::string traceparent;  // Empty: none.
};

struct RecordStory {
  TopicPartition partition;
  Offset offset = kNoOffset;
  BatchStory batch;
  std::vector<std::string> lines;  // The same in sentences.
};

struct RefusalStory {
  TimestampMs at_ms = kNoTimestamp;
  Sender sender;
  ErrorCode code = ErrorCode::kUnknown;
  std::string message;
  ProducerId producer_id = kNoProducerId;
  std::int16_t producer_epoch = -1;
  std::int32_t base_sequence = -1;
  Offset expected_offset = kNoOffset;
  Offset log_end_offset = kNoOffset;
  std::int32_t records = 0;
  std::int64_t bytes = 0;
  std::int64_t queue_ns = -1;
  std::string traceparent;
};

struct RefusalList {
  std::vector<RefusalStory> refusals;  // Newest first.
  TimestampMs complete_since_ms = kNoTimestamp;
};

}  // namespace qalam
