#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "common/bytes.h"
#include "common/epoch_start.h"
#include "common/ids.h"
#include "common/result.h"

namespace qalam {

// Whole stored batches, in order. Slices keep their memory alive by themselves.
struct LogRead {
  std::vector<SharedSlice> batches;
  std::size_t size_bytes = 0;
  Offset next_offset = 0;  // Where to read on; equals the asked offset when nothing was there.
};

struct TimestampedOffset {
  Offset offset = kNoOffset;
  TimestampMs timestamp = kNoTimestamp;
  Epoch leader_epoch = kNoEpoch;
};

// What a log looked like at one moment: which segments there are, what the indexes of the active
// one say, and the newest batches in memory. Keeps its files open, so what it shows stays readable
// after retention removed it. Immutable. Thread: any; reads may block on the disk unless `InMemory`
// says so.
class LogView {
 public:
  virtual ~LogView() = default;

  virtual Offset log_start_offset() const = 0;
  virtual Offset end_offset() const = 0;  // Everything below is written (not: durable).
  virtual std::uint64_t size_bytes() const = 0;
  virtual std::size_t segments_count() const = 0;
  virtual Epoch EpochOf(Offset offset) const = 0;      // From the leader-epoch checkpoint.
  virtual std::vector<EpochStart> epochs() const = 0;  // All of it, ascending.

  // True if Read(from, ...) will not touch the disk.
  virtual bool InMemory(Offset from) const = 0;
  // Batches from the one that holds `from` on, below `until` (an end such as the high watermark),
  // about `bytes_max`; the first batch comes whole even if larger. Empty at from == until. The
  // header of every batch read from disk is checked against its place (dense offsets, epoch,
  // length) and its CRC verified. Errors: kOffsetOutOfRange (outside [log_start_offset, until]),
  // kCorruption, kIo.
  virtual Result<LogRead> Read(Offset from, Offset until, std::size_t bytes_max) const = 0;
  // First record below `until` with this timestamp or a later one; nothing if there is none.
  virtual Result<std::optional<TimestampedOffset>> FindTimestamp(TimestampMs timestamp,
                                                                 Offset until) const = 0;
  // The record below `until` with the largest timestamp; nothing in an empty log.
  virtual Result<std::optional<TimestampedOffset>> FindMaxTimestamp(Offset until) const = 0;
};

}  // namespace qalam
