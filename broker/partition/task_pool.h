#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <thread>
#include <vector>

#include "common/mutex.h"
#include "common/unique_function.h"

namespace qalam {

// A few threads that run blocking tasks in the order they came: syncs, cold reads, wake-ups of
// readers. Owns nothing of the data. The callers bound what they post. Thread: Post, PostNext from
// any; Start and Stop the owner's.
class TaskPool {
 public:
  TaskPool(std::string name, std::size_t threads)
      : name_(std::move(name)), threads_wanted_(threads) {}
  ~TaskPool();
  void Start();
  // Runs what waits, then ends. What is posted later is dropped.
  void Stop();
  void Post(UniqueFunction<void()> task);
  // As Post; but if the caller is a task of this pool, the last one given is next on its thread
  // once it returns, so that no other has to be woken. What waits already goes first.
  void PostNext(UniqueFunction<void()> task);
  // Runs the oldest task here; false: there is none. For tests, with a pool that was not started.
  bool RunOne();
  std::size_t queued() const;
  bool idle() const;  // Nothing waits, nothing runs.

 private:
  using Task = UniqueFunction<void()>;
  // A thread of a pool, as it sees itself.
  struct Worker {
    const TaskPool* pool;
    Task next;
  };
  void Run();
  Task Take();  // Waits for one. Nothing: the pool ends.

  static thread_local Worker* worker_;
  const std::string name_;
  const std::size_t threads_wanted_;
  std::vector<std::thread> threads_;
  mutable Mutex mutex_;
  CondVar ready_;
  std::deque<Task> tasks_ QALAM_GUARDED_BY(mutex_);
  std::size_t running_ QALAM_GUARDED_BY(mutex_) = 0;
  bool stopping_ QALAM_GUARDED_BY(mutex_) = false;
};

}  // namespace qalam
