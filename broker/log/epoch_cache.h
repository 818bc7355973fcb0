#pragma once

#include <string>
#include <vector>

#include "common/epoch_start.h"
#include "common/file_system.h"
#include "common/ids.h"
#include "common/result.h"

namespace qalam {

// Which leader epoch began at which offset: the file `leader-epoch-checkpoint`, Kafka's text format
// (docs/formats/checkpoints.md). Entries ascend in both. Thread: a value; Save by the log's owner.
class EpochCache {
 public:
  using Entry = EpochStart;

  // A missing file is an empty cache. Errors: kCorruption (not the format), kIo.
  static Result<EpochCache> Load(FileSystem& fs, const std::string& directory);
  // Replaces the file, durably. Blocks.
  Status Save(FileSystem& fs, const std::string& directory) const;

  // True if this changed something. Epochs never fall: an older one is ignored.
  bool Assign(Epoch epoch, Offset start_offset);
  void TruncateFromEnd(Offset end_offset);   // Drops what starts at or behind the end.
  void TruncateFromStart(Offset log_start);  // The epoch in force at log_start begins there.
  Epoch last_epoch() const { return entries_.empty() ? kNoEpoch : entries_.back().epoch; }
  Epoch EpochOf(Offset offset) const;  // -1: before the first entry.
  // False if a batch of `epoch` can't hold `offset`. What was trimmed away is not known any more.
  bool Agrees(Offset offset, Epoch epoch) const;
  const std::vector<Entry>& entries() const { return entries_; }

 private:
  std::vector<Entry> entries_;
};

}  // namespace qalam
