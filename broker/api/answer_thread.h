#pragma once

#include <cstddef>
#include <memory>
#include <thread>

#include "common/unique_function.h"

namespace qalam {

// Sends answers for the broker's threads: a write starts with a system call for the socket, which
// must not hold the writer of a partition up for long. What one turn of the writer answers is
// handed over at once, with one wake-up; a few answers, which cost less than that, are sent by the
// writer itself. What waits here is bounded by the calls and streams there are. Thread: Post from
// any; Stop the owner's.
class AnswerThread {
 public:
  // So many answers of one turn, at most, are sent by the writer.
  explicit AnswerThread(std::size_t sent_by_writer_max = 4);
  ~AnswerThread();  // Stopped.
  // Runs `task` soon; those of one turn, or of no turn, in their order. After Stop it runs on the
  // caller's thread.
  void Post(UniqueFunction<void()> task);
  // For what takes long, such as waking many: never put off by a turn and then run by its thread.
  void PostAside(UniqueFunction<void()> task);
  void Stop();  // Everything posted has run when it returns, but for what a turn still puts off.

 private:
  class Queue;

  const std::shared_ptr<Queue> queue_;  // A turn may still hold it.
  std::thread thread_;
};

}  // namespace qalam
