#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "broker/log/epoch_cache.h"
#include "broker/log/log_view.h"
#include "broker/log/segment_cache.h"
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
  bool index_complete = true;  // False: the log is damaged behind the index's last entry.
};

// One segment of a log: a file of batches and its two indexes. Knows how to find and check batches
// in the file. Thread: any; Seal and Retire from the writer.
class Segment {
 public:
  // A sealed segment of `size_bytes`: opened at first use.
  Segment(FileSystem& fs, std::shared_ptr<SegmentCache> cache, std::string directory,
          Offset base_offset, std::uint32_t index_interval_bytes, std::uint64_t size_bytes);
  // The active segment: open, and kept open until Seal.
  Segment(FileSystem& fs, std::shared_ptr<SegmentCache> cache, std::string directory,
          Offset base_offset, std::uint32_t index_interval_bytes, OpenSegment open);
  ~Segment();
  Segment(const Segment&) = delete;
  Segment& operator=(const Segment&) = delete;

  Offset base_offset() const { return base_offset_; }
  std::string Path(std::string_view suffix) const;
  void Seal(std::uint64_t size_bytes);
  // The files are about to lose their names: stays open from now on, for the readers that still see
  // it, and until they are gone.
  void Retire();
  // Opens if need be; indexes that are missing or wrong are built again from the log, in memory.
  // Errors: kOffsetOutOfRange (retired, and could not be kept open), kTooManyRequests, kIo.
  Result<std::shared_ptr<const OpenSegment>> Open() const;
  // Of a sealed segment, without opening it where that is known already; -1: no record has one.
  // Errors: as Open, and kCorruption (it can't be known).
  Result<TimestampMs> LargestTimestamp() const;

  struct ReadRange {
    std::uint64_t end_position = 0;  // The segment's batches end here.
    Offset from = 0;
    Offset until = 0;
    std::size_t bytes_max = 0;
  };
  // As LogView::Read, within this segment. Nothing is found only when every batch lies below
  // `from` or none below `until`.
  Result<LogRead> Read(const ReadRange& range, const EpochCache& epochs) const;

 private:
  FileSystem& fs_;
  const std::shared_ptr<SegmentCache> cache_;
  const std::string directory_;
  const Offset base_offset_;
  const std::uint32_t index_interval_bytes_;
  mutable Mutex mutex_;
  std::uint64_t sealed_bytes_ QALAM_GUARDED_BY(mutex_) = 0;
  mutable std::shared_ptr<const OpenSegment> kept_ QALAM_GUARDED_BY(mutex_);  // Active or retired.
  mutable std::weak_ptr<const OpenSegment> sealed_ QALAM_GUARDED_BY(mutex_);
  mutable std::optional<TimestampMs> largest_timestamp_ QALAM_GUARDED_BY(mutex_);
  bool retired_ QALAM_GUARDED_BY(mutex_) = false;
};

// What must hold of a stored batch at its place; its CRC covers only a part of it. Errors:
// kCorruption naming `path` and `position`.
struct BatchPlace {
  Offset base_offset = kNoOffset;  // -1: not known.
  const std::string& path;
  std::uint64_t position = 0;
};
Status CheckStoredBatch(BytesView batch, const BatchHeader& header, const EpochCache& epochs,
                        const BatchPlace& place);

}  // namespace qalam
