#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <string>

#include "broker/log/log_view.h"
#include "broker/log/segment_index.h"
#include "common/file_system.h"
#include "common/ids.h"
#include "common/mutex.h"
#include "common/result.h"

namespace qalam {

// A segment's open file and its indexes. Immutable except that the writer appends to the active
// one.
struct OpenSegment {
  std::shared_ptr<File> file;
  std::shared_ptr<SegmentIndex> index;
};

class Segment;

// Keeps the most recently used sealed segments open, so that a log of thousands of segments needs
// few descriptors. What a reader holds stays open until it lets go. Thread: any.
class SegmentCache {
 public:
  explicit SegmentCache(std::size_t open_max) : open_max_(open_max) {}
  void Keep(std::shared_ptr<const OpenSegment> open);

 private:
  const std::size_t open_max_;
  Mutex mutex_;
  std::list<std::shared_ptr<const OpenSegment>> recent_ QALAM_GUARDED_BY(mutex_);
};

// One segment of a log: a file of batches and its two indexes. Knows how to find and check batches
// in the file. Thread: any; Seal from the writer.
class Segment {
 public:
  // A sealed segment: opened at first use.
  Segment(FileSystem& fs, std::shared_ptr<SegmentCache> cache, std::string directory,
          Offset base_offset, std::uint32_t index_interval_bytes);
  // The active segment: open, and kept open until Seal.
  Segment(FileSystem& fs, std::shared_ptr<SegmentCache> cache, std::string directory,
          Offset base_offset, std::uint32_t index_interval_bytes, OpenSegment open);

  Offset base_offset() const { return base_offset_; }
  std::string Path(std::string_view suffix) const;
  void Seal();
  // Opens if need be; indexes that are missing or wrong are rebuilt from the log, in memory.
  Result<std::shared_ptr<const OpenSegment>> Open(std::uint64_t size_bytes) const;

  // As LogView::Read, within this segment, whose batches end at byte `end_position`. Nothing is
  // found when every batch lies below `from`.
  Result<LogRead> Read(std::uint64_t end_position, Offset from, Offset until,
                       std::size_t bytes_max) const;

 private:
  FileSystem& fs_;
  const std::shared_ptr<SegmentCache> cache_;
  const std::string directory_;
  const Offset base_offset_;
  const std::uint32_t index_interval_bytes_;
  mutable Mutex mutex_;
  mutable std::shared_ptr<const OpenSegment> active_ QALAM_GUARDED_BY(mutex_);
  mutable std::weak_ptr<const OpenSegment> sealed_ QALAM_GUARDED_BY(mutex_);
};

// What must hold of a stored batch at its place; its CRC covers only a part of it. `expected_base`
// -1: not known. Errors: kCorruption naming `path` and `position`.
Status CheckStoredBatch(BytesView batch, const BatchHeader& header, Offset expected_base,
                        Epoch previous_epoch, const std::string& path, std::uint64_t position);

}  // namespace qalam
