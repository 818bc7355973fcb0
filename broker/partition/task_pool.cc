#include "broker/partition/task_pool.h"

#include <pthread.h>

#include <utility>

#include "common/check.h"

namespace qalam {

thread_local TaskPool::Worker* TaskPool::worker_ = nullptr;

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

void TaskPool::Post(Task task) {
  {
    MutexLock lock(mutex_);
    if (stopping_) return;  // Destroyed on return: replies inside it are answered kShuttingDown.
    tasks_.push_back(std::move(task));
  }
  ready_.NotifyOne();
}

void TaskPool::PostNext(Task task) {
  if (worker_ != nullptr && worker_->pool == this) std::swap(task, worker_->next);
  if (task) Post(std::move(task));
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

TaskPool::Task TaskPool::Take() {
  MutexLock lock(mutex_);
  while (tasks_.empty() && !stopping_) ready_.Wait(mutex_);
  if (tasks_.empty()) return {};
  Task task = std::move(tasks_.front());
  tasks_.pop_front();
  ++running_;
  return task;
}

void TaskPool::Run() {
  Worker self{this, {}};
  worker_ = &self;
  while (Task task = Take()) {
    while (true) {
      task();
      task = std::exchange(self.next, {});
      MutexLock lock(mutex_);
      if (task && !tasks_.empty()) {  // Those that waited before go first.
        tasks_.push_back(std::move(task));
        task = std::move(tasks_.front());
        tasks_.pop_front();
      }
      if (task) continue;
      --running_;
      break;
    }
  }
  worker_ = nullptr;
}

}  // namespace qalam
