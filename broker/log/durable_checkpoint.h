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

// How far a log is known to be synced, which segments hold that, and what recovery has to know to
// judge what lies above.
struct DurablePoint {
  Offset durable_offset = 0;                 // Everything below is synced.
  Offset segment_base = 0;                   // Segment that holds it,
  std::uint64_t position = 0;                // and the byte in that segment where it begins.
  Offset log_start_offset = 0;               // After delete-before; may lie inside a batch.
  Offset first_segment_base = 0;             // What lies before was given up.
  std::uint32_t segments_count = 1;          // From the first to the one that holds it.
  FlushMode flush_mode = FlushMode::kFsync;  // In force for what is above.
  std::uint32_t group_bytes_max = 0;         // In force for what is above.

  friend bool operator==(const DurablePoint&, const DurablePoint&) = default;
};

// The file `durable-checkpoint`: two slots, written in turn, each with a CRC and a sequence number,
// so that a torn write leaves the other one (docs/formats/checkpoints.md). Open only while it is
// written. Thread: one at a time.
class DurableCheckpoint {
 public:
  // Reads what is there; changes nothing. Errors: kUnsupportedFormat (a newer version), kIo.
  static Result<std::unique_ptr<DurableCheckpoint>> Open(FileSystem& fs,
                                                         const std::string& directory);

  // The newest good slot of a whole file's bytes.
  static std::optional<DurablePoint> Newest(BytesView content);

  // The newest good slot; nothing if there is none.
  const std::optional<DurablePoint>& last() const { return last_; }
  // A slot that had been written held no good point when it was read, and was not written since:
  // `last()` may be the one before the newest.
  bool slot_damaged() const { return slot_damaged_; }
  // Writes the older slot and syncs. Blocks. Durable when it returns. Errors: kNoSpace,
  // kTooManyRequests (nothing was written), kIo.
  Status Write(const DurablePoint& point);
  // What Open() read may be in the page cache only, after a kill: makes it durable before anybody
  // acts on it. Blocks. A sync that fails is kLogFailed.
  Status Sync() const;

 private:
  DurableCheckpoint(FileSystem& fs, std::string path) : fs_(fs), path_(std::move(path)) {}

  FileSystem& fs_;
  const std::string path_;
  std::uint64_t sequence_ = 0;
  std::optional<DurablePoint> last_;
  bool slot_damaged_ = false;
};

}  // namespace qalam
