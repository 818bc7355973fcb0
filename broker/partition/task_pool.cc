#include "broker/partition/task_pool.h"

#include <pthread.h>

#include "common/check.h"

namespace qalam {

TaskPool::~TaskPool() { QALAM_CHECK(threads_.empty()); }

void TaskPool::Start() {
  for (std::size_t i = 0; i < threads_wanted_; ++i) {
    threads_.emplace_back([this] { Run(); });
    pthread_setname_np(threads_.back().native_handle(), name_.substr(0, 15).c_str());
  }
}

void TaskPool::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  ready_.NotifyAll();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void TaskPool::Post(UniqueFunction<void()> task) {
  {
    MutexLock lock(mutex_);
    if (stopping_) return;  // Destroyed on return: replies inside it are answered kShuttingDown.
    tasks_.push_back(std::move(task));
  }
  ready_.NotifyOne();
}

void TaskPool::Run() {
  while (true) {
    UniqueFunction<void()> task;
    {
      MutexLock lock(mutex_);
      while (tasks_.empty() && !stopping_) ready_.Wait(mutex_);
      if (tasks_.empty()) return;
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    task();
  }
}

}  // namespace qalam
