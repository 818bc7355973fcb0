#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <vector>

#include "broker/partition/high_watermark.h"
#include "broker/partition/task_pool.h"
#include "common/clock.h"

namespace qalam {

// Raises one partition's high watermark and wakes those who wait for it, on the pool: a few at
// once, of many so many a millisecond. A message to a reader costs more than appending a batch, so
// a hundred woken together would keep every processor from the producer that waits for its
// acknowledgement; and whoever is woken later gets more with one message. The watermark itself
// rises at once: who asks meanwhile reads on without waiting. Thread: the partition's writer.
class ReaderWakes {
 public:
  static constexpr std::chrono::milliseconds kPause{1};
  // What waking one reader costs, with both ends of its connection on this machine (the load of
  // tests/integration/tail_test.py: 1.4 processors for 10,000 messages a second); half of the
  // processors may be busy with that.
  static constexpr std::chrono::microseconds kCost{150};

  // `at_once`: between two pauses.
  ReaderWakes(HighWatermark& watermark, TaskPool& pool, std::size_t at_once = AtOnceHere());
  static std::size_t AtOnceHere();

  void Raise(Offset offset, MonotonicTime now);
  // Wakes all, for good: the partition failed.
  void Close();
  // When Run is to be called; nothing: nobody is to be woken.
  std::optional<MonotonicTime> due() const { return due_; }
  void Run(MonotonicTime now);

 private:
  HighWatermark& watermark_;
  TaskPool& pool_;
  const std::size_t at_once_;
  MonotonicTime not_before_{};  // The end of the pause.
  std::optional<MonotonicTime> due_;
};

}  // namespace qalam
