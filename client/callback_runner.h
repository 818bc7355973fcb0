#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "client/task_thread.h"
#include "common/unique_function.h"

namespace qalam::abi0 {

// Runs the user's callbacks, in order: on a thread of its own, or where the user's executor puts
// them, which may be here and now: whoever holds a lock that Send needs opens a Turn before, so
// that they wait for its end. Thread: any; Stop once, by the owner.
class CallbackRunner {
 public:
  using Executor = std::function<void(std::function<void()>)>;

  explicit CallbackRunner(Executor executor);  // Empty: its own thread.
  void Post(UniqueFunction<void()> task);
  bool IsCurrent() const;  // A callback of ours is running on this thread.
  // Waits until what was posted has run, up to `patience`.
  void Stop(std::chrono::nanoseconds patience);

 private:
  struct State;

  const Executor executor_;
  TaskThread thread_;
  const std::shared_ptr<State> state_;  // Tasks in the executor hold it too.
};

}  // namespace qalam::abi0
