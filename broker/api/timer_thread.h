#pragma once

#include <cstdint>
#include <map>
#include <thread>

#include "common/clock.h"
#include "common/mutex.h"
#include "common/unique_function.h"

namespace qalam {

// Runs things later, one at a time: ends of long polls, housekeeping. What it runs must be short,
// or post. Thread: At and Cancel from any; Start and Stop the owner's.
class TimerThread {
 public:
  struct Key {
    MonotonicTime at{};
    std::uint64_t number = 0;
    friend auto operator<=>(const Key&, const Key&) = default;
  };

  explicit TimerThread(const Clock& clock) : clock_(clock) {}
  ~TimerThread();
  void Start();
  void Stop();  // What is still to come is dropped.
  Key At(MonotonicTime at, UniqueFunction<void()> task);
  bool Cancel(const Key& key);  // False: it ran, or runs.

 private:
  void Run();
  const Clock& clock_;
  std::thread thread_;
  Mutex mutex_;
  CondVar changed_;
  std::map<Key, UniqueFunction<void()>> tasks_ QALAM_GUARDED_BY(mutex_);
  std::uint64_t last_number_ QALAM_GUARDED_BY(mutex_) = 0;
  bool stopping_ QALAM_GUARDED_BY(mutex_) = false;
};

}  // namespace qalam
