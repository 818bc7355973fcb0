#pragma once

#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "broker/log/log.h"
#include "common/file_system.h"
#include "tests/support/manual_clock.h"

namespace qalam::qa {

// What a client of a log knows of it, over all its crashes.
struct Known {
  std::map<Offset, std::string> sent;  // Value of the last attempt at each offset.
  Offset acknowledged_end = 0;
  Offset written_end = 0;  // Attempted too.
  Offset start_promised = 0;
  Offset start_attempted = 0;
  bool created = false;
};

// A random life of one log: creates, appends groups and syncs them, checkpoints, rolls, trims,
// retains, unlinks, closes and opens again, goes on to new epochs. The same random numbers on a
// file system that answers the same make the same life. Thread: one.
class LogStory {
 public:
  using Random = std::mt19937_64;

  // `options.directory` is where the log lies; its parent exists.
  LogStory(const LogOptions& options, Random& random) : options_(options), random_(random) {}

  // Lives on for so many steps, or up to the first error; then the log is let go of, as by a crash.
  void Live(FileSystem& fs, int steps);
  // As Live, then closes cleanly. For making directories; errors end the program.
  void LiveAndClose(FileSystem& fs, int steps);

  const Known& known() const { return known_; }
  const LogOptions& options() const { return options_; }
  // After a recovery: what is there now is all there is, and it stays.
  void TakeUp(Offset start, Offset end);

 private:
  bool Begin(FileSystem& fs);
  bool Step(FileSystem& fs);
  bool Group();
  bool Sync();
  bool Checkpoint();
  bool Trim();
  bool Retain();
  bool Unlink(FileSystem& fs);
  bool Reopen(FileSystem& fs);
  std::uint64_t Below(std::uint64_t bound) { return random_() % bound; }

  LogOptions options_;
  Random& random_;
  ManualClock clock_;
  Known known_;
  std::unique_ptr<Log> log_;
  bool clean_ = false;
  Epoch epoch_ = 1;
  int serial_ = 0;
};

// A log as it is found: opened, read from start to end.
struct FoundLog {
  Offset start = 0;
  Offset end = 0;
  std::map<Offset, std::string> records;
  std::vector<std::string> segments;
  friend bool operator==(const FoundLog&, const FoundLog&) = default;
};

// Opens it and reads all of it. `errors`: what is wrong, judged by `known`; a line each.
// Nothing when it can't be opened, which is wrong if it was created.
std::optional<FoundLog> FindLog(FileSystem& fs, const LogOptions& options, const Known& known,
                                std::vector<std::string>& errors);

// The few bytes of a log that make every corner near: segments of 16 KiB, groups of 8 KiB.
LogOptions SmallLog(std::size_t direct_alignment);
inline constexpr ProducerId kStoryProducer = 77;

}  // namespace qalam::qa
