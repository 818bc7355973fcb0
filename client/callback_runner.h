#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "client/task_thread.h"
#include "common/unique_function.h"

namespace qalam::abi0 {

// Runs the user's callbacks, in order: on a thread of its own, or where the user's executor puts
// them, which may be here and now: nobody may post with a lock held that Send needs. Thread: any;
// Stop once, by the owner.
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

  TaskThread thread_;
  const std::shared_ptr<State> state_;  // Callbacks that are under way hold it, too.
};

}  // namespace qalam::abi0
