#pragma once

#include <algorithm>
#include <atomic>
#include <optional>

#include "common/clock.h"
#include "common/ids.h"

namespace qalam {

// How far a partition has been read, by whoever got furthest: what "first read" is known from. A
// read that got further is noted with its time; the writer takes the notes over, at its next group
// or tick, as one range with the time of the last read. Nothing here waits for another thread: a
// note may get lost where several readers get further in the same moment.
// Thread: Note and pending from any; Take from the partition's writer.
class ReadMark {
 public:
  struct Range {
    Offset from = 0;
    Offset to = 0;  // Exclusive.
    MonotonicTime at{};
  };

  // Somebody read what lies from `from` up to `to`.
  void Note(Offset from, Offset to, const Clock& clock) {
    if (to <= furthest_.load(std::memory_order_relaxed)) return;
    for (int tries = 0; locked_.exchange(true, std::memory_order_acquire); ++tries) {
      if (tries == kTriesMax) return;
    }
    const Offset before = furthest_.load(std::memory_order_relaxed);
    if (to > before) {
      furthest_.store(to, std::memory_order_relaxed);
      // What was read before counts as read then. A gap means that the pending range is given up.
      const bool joins = pending_.to > pending_.from && from <= pending_.to;
      pending_ = {joins ? pending_.from : std::max(from, before), to, clock.Now()};
      noted_.store(true, std::memory_order_relaxed);
    }
    locked_.store(false, std::memory_order_release);
  }

  // Nothing: there is nothing new, or somebody is noting something at this moment.
  std::optional<Range> Take() {
    if (!noted_.load(std::memory_order_relaxed)) return std::nullopt;
    if (locked_.exchange(true, std::memory_order_acquire)) return std::nullopt;
    const Range range = pending_;
    pending_ = {};
    noted_.store(false, std::memory_order_relaxed);
    locked_.store(false, std::memory_order_release);
    return range;
  }
  // What Take would give, and leaves there.
  std::optional<Range> pending() {
    if (!noted_.load(std::memory_order_relaxed)) return std::nullopt;
    if (locked_.exchange(true, std::memory_order_acquire)) return std::nullopt;
    const Range range = pending_;
    locked_.store(false, std::memory_order_release);
    if (range.to == range.from) return std::nullopt;
    return range;
  }

 private:
  static constexpr int kTriesMax = 1000;

  std::atomic<Offset> furthest_{0};
  std::atomic<bool> noted_{false};
  std::atomic<bool> locked_{false};  // For a few instructions, over what follows.
  Range pending_;
};

}  // namespace qalam
