#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "common/bytes.h"
#include "common/ids.h"

namespace qalam {

// What is wrong at which byte of a file.
using Finding = std::function<void(std::uint64_t position, const std::string& what)>;

// Compares a segment's `.index` with its batches as they are walked: every entry leads to a batch
// and names its last offset; both columns rise. Thread: its owner.
class OffsetIndexCheck {
 public:
  OffsetIndexCheck(Bytes content, Offset base_offset, Finding find);
  void OnBatch(std::uint64_t position, Offset last_offset);  // In order.
  void Finish();                                             // After the last batch.

 private:
  const Bytes content_;
  const Offset base_offset_;
  const Finding find_;
  std::size_t at_ = 0;  // The entry that the next batches are compared with.
};

// The same for `.timeindex`: an entry names a batch's last offset and the largest timestamp of its
// records; timestamps rise. Of a sealed segment, the last entry has the largest of all.
class TimeIndexCheck {
 public:
  TimeIndexCheck(Bytes content, Offset base_offset, Finding find);
  void OnBatch(Offset last_offset, TimestampMs largest);
  void Finish(bool sealed);

 private:
  const Bytes content_;
  const Offset base_offset_;
  const Finding find_;
  std::size_t at_ = 0;
  TimestampMs largest_ = kNoTimestamp;
};

}  // namespace qalam
