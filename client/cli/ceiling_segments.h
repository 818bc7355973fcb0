#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "common/result.h"

namespace qalam::cli {

struct SegmentOptions {
  std::string directory;  // Exists, and is the supply's own.
  std::uint64_t segment_bytes = std::uint64_t{128} << 20;
  std::uint64_t space_bytes = std::uint64_t{1}
                              << 30;  // All files together; room for four at least.
  bool direct = false;                // Opened for direct I/O.
  bool zeroed = false;  // Zeroed over `segment_bytes`, and durably so, before it is handed out.
};

// The files that `bench ceiling` writes, one after the other: a thread makes the next one, and
// removes the oldest when they would take more than their space. Thread: its owner.
class SegmentSupply {
 public:
  explicit SegmentSupply(SegmentOptions options);
  // Removes every file.
  ~SegmentSupply();
  SegmentSupply(const SegmentSupply&) = delete;
  SegmentSupply& operator=(const SegmentSupply&) = delete;

  // Gives `full` back, -1 at first, and takes the next file; waits while that is still being made,
  // or there is no space. The descriptor stays the supply's own. Errors: kNoSpace, kIo,
  // kDirectoryUnusable, kInvalidArgument (no direct I/O here).
  Result<int> Next(int full);

  const SegmentOptions& options() const { return options_; }

 private:
  struct Segment {
    std::string path;
    int descriptor;
  };
  void Run();
  Result<Segment> Make(std::uint64_t number);
  Status Zero(const Segment& segment);
  // Before it is removed: all of it is written out, or what was only in the page cache would never
  // see the disk; then cut bit by bit, so that nobody waits long for the file system meanwhile.
  Status Empty(const Segment& segment);
  bool stopping();
  static void Remove(const Segment& segment);

  const SegmentOptions options_;
  const std::size_t full_max_;  // So many full ones may stay.
  std::mutex mutex_;
  std::condition_variable changed_;
  // All with the lock.
  std::optional<Segment> ready_;
  std::optional<Segment> active_;
  std::deque<Segment> full_;
  std::optional<Error> failed_;
  bool stop_ = false;
  std::thread thread_;
};

// What the operating system said about `path`: `what`, such as "write", failed with `error_number`.
Error CeilingIoError(const char* what, const std::string& path, int error_number);

}  // namespace qalam::cli
