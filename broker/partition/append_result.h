#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "broker/partition/origin_label.h"
#include "common/ids.h"
#include "common/trace_parent.h"

namespace qalam {

// What is known of the bytes when they are acknowledged.
enum class Durability : std::uint8_t { kMemory, kOs, kFsync };

// Why a group takes no more and is written: nothing else waits; it has as many bytes as it may; the
// next batch can only be judged once this group is written.
enum class GroupClosed : std::uint8_t { kQueueEmpty, kFull, kSequence };

// Who sent something; kept with every append, for explaining it. Shared by all batches of a stream.
struct Origin {
  Origin() = default;
  Origin(std::string client, std::string over, std::string from, std::uint64_t stream = 0)
      : client_id(std::move(client)),
        protocol(std::move(over)),
        peer(std::move(from)),
        stream_number(stream),
        label(client_id, protocol, peer) {}

  std::string client_id;
  std::string protocol;              // "grpc", "local", "embedded"
  std::string peer;                  // "ipv4:127.0.0.1:40122", "unix:uid=1000"
  std::uint64_t stream_number = 0;   // Of the sender's streams to this partition; 0: not said.
  std::optional<TraceParent> trace;  // Of the request or the stream.
  OriginLabel label;                 // The first three, for the decision ring.
};

struct AppendResult {
  Offset base_offset = kNoOffset;  // -1 for an old duplicate whose place is forgotten.
  Offset last_offset = kNoOffset;
  Epoch leader_epoch = kNoEpoch;
  Durability durability = Durability::kMemory;
  bool duplicate = false;
  TimestampMs append_time = kNoTimestamp;  // Only on LogAppendTime topics.
};

}  // namespace qalam
