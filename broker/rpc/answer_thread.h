#pragma once

#include <atomic>
#include <thread>

#include "common/mailbox.h"
#include "common/unique_function.h"

namespace qalam {

// Sends answers for the broker's threads: a write starts with a system call for the socket, which
// must not hold the writer of a partition up. One wake-up carries all that a group commit answered.
// What waits here is bounded by the calls and streams there are. Thread: Post from any; Stop the
// owner's.
class AnswerThread {
 public:
  AnswerThread();
  ~AnswerThread();  // Stopped.
  // Runs `task` soon, in order. After Stop it runs at once, on the caller's thread.
  void Post(UniqueFunction<void()> task);
  void Stop();  // Everything posted has run when it returns.

 private:
  void Run();

  Mailbox<UniqueFunction<void()>> tasks_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace qalam
