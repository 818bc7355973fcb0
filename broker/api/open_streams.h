#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "broker/partition/append_result.h"
#include "common/ids.h"
#include "common/result.h"

namespace qalam {

// One stream that a client has open. Thread: a value.
struct StreamInfo {
  std::string kind;  // "produce" or "tail".
  TopicPartition partition;
  Origin origin;
  TimestampMs opened_ms = 0;
};

struct StreamList {
  std::vector<StreamInfo> streams;  // The oldest first.
  std::size_t count = 0;            // All there are, those that are left out included.
};

// The streams that clients have open now, for front ends that don't hold them. Thread: any.
class OpenStreams {
 public:
  virtual ~OpenStreams() = default;
  // At most `limit` of them. Must not block. Errors: kShuttingDown.
  virtual Result<StreamList> ListStreams(std::size_t limit) const = 0;
};

}  // namespace qalam
