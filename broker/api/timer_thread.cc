#include "broker/api/timer_thread.h"

#include <pthread.h>

#include "common/check.h"

namespace qalam {

TimerThread::~TimerThread() { QALAM_CHECK(!thread_.joinable()); }

void TimerThread::Start() {
  thread_ = std::thread([this] { Run(); });
  pthread_setname_np(thread_.native_handle(), "timers");
}

void TimerThread::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.NotifyAll();
  if (thread_.joinable()) thread_.join();
  std::map<Key, UniqueFunction<void()>> dropped;
  MutexLock lock(mutex_);
  dropped.swap(tasks_);
}

TimerThread::Key TimerThread::At(MonotonicTime at, UniqueFunction<void()> task) {
  Key key;
  bool first = false;
  {
    MutexLock lock(mutex_);
    key = {at, ++last_number_};
    if (stopping_) return key;
    tasks_.emplace(key, std::move(task));
    first = tasks_.begin()->first == key;
  }
  if (first) changed_.NotifyOne();
  return key;
}

bool TimerThread::Cancel(const Key& key) {
  UniqueFunction<void()> dropped;  // Destroyed outside the lock.
  MutexLock lock(mutex_);
  const auto found = tasks_.find(key);
  if (found == tasks_.end()) return false;
  dropped = std::move(found->second);
  tasks_.erase(found);
  return true;
}

void TimerThread::Run() {
  while (true) {
    UniqueFunction<void()> due;
    {
      MutexLock lock(mutex_);
      if (stopping_) return;
      if (tasks_.empty()) {
        changed_.Wait(mutex_);
        continue;
      }
      const auto first = tasks_.begin();
      const MonotonicTime left = first->first.at - clock_.Now();
      if (left.count() > 0) {
        changed_.WaitFor(mutex_, left);
        continue;
      }
      due = std::move(first->second);
      tasks_.erase(first);
    }
    due();
  }
}

}  // namespace qalam
