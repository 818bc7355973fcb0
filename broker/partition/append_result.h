#pragma once

#include <cstdint>
#include <string>

#include "common/ids.h"

namespace qalam {

// What is known of the bytes when they are acknowledged.
enum class Durability : std::uint8_t { kMemory, kOs, kFsync };

// Who sent something; kept with every append, for explaining it. Shared by all batches of a stream.
struct Origin {
  std::string client_id;
  std::string protocol;             // "grpc"
  std::string peer;                 // "ipv4:127.0.0.1:40122", "unix:uid=1000"
  std::uint64_t stream_number = 0;  // Of the sender's streams to this partition; 0: not said.
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
