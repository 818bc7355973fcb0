#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "broker/log/log.h"
#include "broker/log/log_snapshot.h"
#include "broker/log/staging_chunk.h"
#include "common/file_system.h"
#include "common/result.h"

namespace qalam {

// How the active segment's bytes get to its file, and where its space comes from: the one place
// that decides it. Batches are copied once, into a staging chunk; whole aligned blocks are written
// from there. The last, partial block is padded with zeros and written again, with the same bytes
// in front, by the next group, so that what was acknowledged in it is never endangered. Readers at
// the tail read the chunks. Thread: the log's owner.
class SegmentWriter {
 public:
  struct Options {
    std::size_t alignment = 1;          // Of the file.
    std::size_t recent_bytes_max = 0;   // Chunks kept for readers.
    std::uint64_t prepare_end_max = 0;  // Never prepare beyond (segment size).
  };
  // `path`: of `file`. `end`: where its batches end; zeros follow, if anything. `end_offset`: the
  // offset there.
  SegmentWriter(FileSystem& fs, std::string path, std::shared_ptr<File> file, Options options,
                std::uint64_t end, Offset end_offset);

  // Writes the group behind the end. Errors: kNoSpace (the file is as before, and that is durable),
  // kTooManyRequests (nothing was written), anything else: unknown.
  Status Append(std::span<const StampedBatch> group, std::size_t group_bytes);

  std::uint64_t end() const { return end_; }
  const std::shared_ptr<File>& file() const { return file_; }
  const std::vector<RecentSpan>& recent() const { return recent_; }

  // A range worth filling with zeros before the next sync, because groups are small: then a sync
  // costs the data only. Marked as prepared once OnPrepared came.
  std::optional<std::pair<std::uint64_t, std::uint64_t>> RangeToPrepare() const;
  void OnPrepared(std::uint64_t to) { prepared_end_ = std::max(prepared_end_, to); }
  // The disk is full: no more for this file.
  void StopPreparing() { may_prepare_ = false; }
  void set_recent_bytes_max(std::size_t bytes) { options_.recent_bytes_max = bytes; }
  // Lets go of all chunks; the next append reads the partial block back.
  void DropRecent();
  // The file's real size: cuts padding and prepared space. Durable after a sync.
  Status TrimToEnd();

 private:
  Status MakeRoom(std::size_t group_bytes);
  Status WriteBlocks(std::uint64_t from, std::uint64_t to);
  Status UndoWrite();

  FileSystem& fs_;
  const std::string path_;
  const std::shared_ptr<File> file_;
  Options options_;
  std::uint64_t end_;
  Offset end_offset_;
  std::uint64_t prepared_end_;  // The file is zero from end_ (aligned up) to here.
  bool may_prepare_ = true;
  std::size_t average_group_ = 0;
  std::shared_ptr<StagingChunk> chunk_;
  std::vector<RecentSpan> recent_;  // The last one is chunk_.
};

}  // namespace qalam
