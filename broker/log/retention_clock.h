#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/clock.h"
#include "common/file_system.h"
#include "common/result.h"

namespace qalam {

// The time by which retention judges: the wall clock, but guarded against jumps, so that a wrong
// clock deletes nothing. It advances per pass by at most the boot time that passed plus an hour;
// when the wall clock is further ahead than that (also over a shutdown), deletion by time pauses
// until the jump is accepted, or the clock is right again. Kept in the file `retention-clock`
// (docs/formats/data-directory.md).
// Thread: one at a time.
class RetentionClock {
 public:
  static constexpr std::chrono::hours kSlack{1};

  // A missing or damaged file starts at the wall clock's time. Errors: kIo, kNoSpace.
  static Result<RetentionClock> Open(FileSystem& fs, const std::string& directory,
                                     const Clock& clock);

  // The time to judge by; nothing while paused. Persists what it answers, unless the disk is
  // full. Errors: kIo.
  Result<std::optional<TimestampMs>> Pass(const Clock& clock);
  // Takes the wall clock as right from now on (`qalam.retention.clock=accept`).
  void Accept() { accept_ = true; }
  bool paused() const { return paused_; }

 private:
  RetentionClock(FileSystem& fs, std::string path) : fs_(&fs), path_(std::move(path)) {}
  Status Save() const;
  std::string Encode() const;
  bool Decode(std::string_view text);

  FileSystem* fs_;
  std::string path_;
  TimestampMs time_ = kNoTimestamp;
  MonotonicTime at_{};  // Boot time when it was `time_`.
  bool accept_ = false;
  bool paused_ = false;
};

}  // namespace qalam
