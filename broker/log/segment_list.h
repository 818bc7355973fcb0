#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "broker/log/log_snapshot.h"
#include "common/clock.h"
#include "common/file_system.h"

namespace qalam {

// A log's sealed segments, oldest first, and the files of those that were removed but not yet
// unlinked. The list itself is shared with views, so it is copied where it changes. Thread: the
// log's owner.
class SegmentList {
 public:
  SegmentList(FileSystem& fs, std::string directory);

  const std::shared_ptr<const std::vector<SegmentSpan>>& spans() const { return spans_; }
  std::size_t size() const { return spans_->size(); }
  const SegmentSpan& operator[](std::size_t i) const { return (*spans_)[i]; }
  std::uint64_t size_bytes() const { return size_bytes_; }
  // True if `offset` is where a sealed segment ends.
  bool IsBoundary(Offset offset) const;

  void Push(SegmentSpan span);
  // Renames the files of the first `count` to *.deleted; they may be unlinked from `due` on. A
  // rename that fails is made up for at the next start.
  void RemoveFirst(std::size_t count, MonotonicTime due);
  // Files that carry such a name already.
  void AddDeletable(std::string path, MonotonicTime due) { retired_.push_back({path, due}); }
  std::vector<std::string> TakeDeletable(MonotonicTime now);
  // When the next file may be unlinked, if there is one.
  std::optional<MonotonicTime> next_deletable() const;

 private:
  struct Retired {
    std::string path;
    MonotonicTime due;
  };
  FileSystem& fs_;
  const std::string directory_;
  std::shared_ptr<const std::vector<SegmentSpan>> spans_;
  std::uint64_t size_bytes_ = 0;
  std::vector<Retired> retired_;
};

}  // namespace qalam
