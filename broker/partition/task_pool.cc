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

bool TaskPool::RunOne() {
  UniqueFunction<void()> task;
  {
    MutexLock lock(mutex_);
    if (tasks_.empty()) return false;
    task = std::move(tasks_.front());
    tasks_.pop_front();
  }
  task();
  return true;
}

std::size_t TaskPool::queued() const {
  MutexLock lock(mutex_);
  return tasks_.size();
}

bool TaskPool::idle() const {
  MutexLock lock(mutex_);
  return tasks_.empty() && running_ == 0;
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
      ++running_;
    }
    task();
    task = {};
    MutexLock lock(mutex_);
    --running_;
  }
}

}  // namespace qalam
