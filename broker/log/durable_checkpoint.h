#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "common/file_system.h"
#include "common/flush_mode.h"
#include "common/ids.h"
#include "common/result.h"

namespace qalam {

// How far a log is known to be synced, and what recovery has to know to judge what lies above.
struct DurablePoint {
  Offset durable_offset = 0;                 // Everything below is synced.
  Offset segment_base = 0;                   // Segment that holds it,
  std::uint64_t position = 0;                // and the byte in that segment where it begins.
  Offset log_start_offset = 0;               // After delete-before; may lie inside a batch.
  FlushMode flush_mode = FlushMode::kFsync;  // In force for what is above.
  std::uint32_t group_bytes_max = 0;         // In force for what is above.

  friend bool operator==(const DurablePoint&, const DurablePoint&) = default;
};

// The file `durable-checkpoint`: two slots, written in turn, each with a CRC and a sequence number,
// so that a torn write leaves the other one (docs/formats/checkpoints.md). Thread: one at a time.
class DurableCheckpoint {
 public:
  // Opens or creates. `last()` is the newest good slot; nothing if there is none.
  static Result<std::unique_ptr<DurableCheckpoint>> Open(FileSystem& fs,
                                                         const std::string& directory);

  const std::optional<DurablePoint>& last() const { return last_; }
  // Writes the older slot and syncs. Blocks. Durable when it returns.
  Status Write(const DurablePoint& point);

 private:
  explicit DurableCheckpoint(std::unique_ptr<File> file) : file_(std::move(file)) {}
  std::unique_ptr<File> file_;
  std::uint64_t sequence_ = 0;
  std::optional<DurablePoint> last_;
};

}  // namespace qalam
