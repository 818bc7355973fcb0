#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "client/pending_batch.h"
#include "common/mutex.h"
#include "common/unique_function.h"

namespace qalam::abi0 {

// One thread that runs tasks in the order they were posted, and others at a time. Starts with the
// first task. Thread: any; Stop once, by the owner.
class TaskThread {
 public:
  explicit TaskThread(std::string name);
  ~TaskThread();  // Stop() came before, if anything was posted.
  TaskThread(const TaskThread&) = delete;
  TaskThread& operator=(const TaskThread&) = delete;

  // False after Stop: the task is dropped.
  bool Post(UniqueFunction<void()> task);
  bool PostAt(TimePoint time, UniqueFunction<void()> task);
  // Takes no more tasks, drops those whose time has not come, lets what was posted run.
  // Waits for that up to `patience`; false: the thread is left to end by itself.
  bool Stop(std::chrono::nanoseconds patience);
  bool IsCurrent() const;

 private:
  struct Timed {
    TimePoint time;
    std::uint64_t number;
    UniqueFunction<void()> task;
  };
  struct State {
    Mutex mutex;
    CondVar wake;
    CondVar ended_wake;
    std::vector<UniqueFunction<void()>> ready QALAM_GUARDED_BY(mutex);
    std::vector<Timed> timed QALAM_GUARDED_BY(mutex);  // A heap, earliest first.
    std::uint64_t next_number QALAM_GUARDED_BY(mutex) = 0;
    bool started QALAM_GUARDED_BY(mutex) = false;
    bool stopping QALAM_GUARDED_BY(mutex) = false;
    bool ended QALAM_GUARDED_BY(mutex) = false;
    std::thread::id id QALAM_GUARDED_BY(mutex);
  };
  static bool Later(const Timed& a, const Timed& b);
  static void Run(const std::shared_ptr<State>& state);
  void StartIfNeeded() QALAM_REQUIRES(state_->mutex);

  const std::string name_;
  const std::shared_ptr<State> state_;  // The thread has its own hold on it.
  std::thread thread_ QALAM_GUARDED_BY(state_->mutex);
};

}  // namespace qalam::abi0
