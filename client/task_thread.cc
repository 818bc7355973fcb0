#include "client/task_thread.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "common/check.h"

namespace qalam::abi0 {

TaskThread::TaskThread(std::string name)
    : name_(std::move(name)), state_(std::make_shared<State>()) {}

TaskThread::~TaskThread() {
  MutexLock lock(state_->mutex);
  QALAM_CHECK(!thread_.joinable());
}

bool TaskThread::Later(const Timed& a, const Timed& b) {
  return a.time != b.time ? a.time > b.time : a.number > b.number;
}

void TaskThread::StartIfNeeded() {
  if (std::exchange(state_->started, true)) return;
  thread_ = std::thread([state = state_] { Run(state); });
  pthread_setname_np(thread_.native_handle(), name_.substr(0, 15).c_str());
  state_->id = thread_.get_id();
}

bool TaskThread::Post(UniqueFunction<void()> task) {
  MutexLock lock(state_->mutex);
  if (state_->stopping) return false;
  StartIfNeeded();
  state_->ready.push_back(std::move(task));
  if (state_->ready.size() == 1) state_->wake.NotifyOne();
  return true;
}

bool TaskThread::PostAt(TimePoint time, UniqueFunction<void()> task) {
  MutexLock lock(state_->mutex);
  if (state_->stopping) return false;
  StartIfNeeded();
  auto& timed = state_->timed;
  const bool first = timed.empty() || time < timed.front().time;
  timed.push_back({time, state_->next_number++, std::move(task)});
  std::push_heap(timed.begin(), timed.end(), Later);
  if (first) state_->wake.NotifyOne();
  return true;
}

bool TaskThread::Stop(std::chrono::nanoseconds patience) {
  const auto end = std::chrono::steady_clock::now() + patience;
  std::vector<Timed> dropped;  // Destroyed outside of the lock.
  std::thread thread;
  bool ended = false;
  {
    MutexLock lock(state_->mutex);
    state_->stopping = true;
    dropped.swap(state_->timed);
    thread = std::move(thread_);
    if (!thread.joinable()) return true;
    if (state_->id != std::this_thread::get_id()) {
      state_->wake.NotifyOne();
      while (!state_->ended) {
        const auto left = end - std::chrono::steady_clock::now();
        if (left.count() <= 0) break;
        state_->ended_wake.WaitFor(state_->mutex, left);
      }
      ended = state_->ended;
    }
  }
  if (ended) {
    thread.join();
  } else {
    thread.detach();
  }
  return ended;
}

bool TaskThread::IsCurrent() const {
  MutexLock lock(state_->mutex);
  return state_->started && state_->id == std::this_thread::get_id();
}

void TaskThread::Run(const std::shared_ptr<State>& state) {
  std::vector<UniqueFunction<void()>> batch;
  state->mutex.lock();
  while (true) {
    const TimePoint now = std::chrono::steady_clock::now();
    auto& timed = state->timed;
    while (!timed.empty() && timed.front().time <= now) {
      std::pop_heap(timed.begin(), timed.end(), Later);
      state->ready.push_back(std::move(timed.back().task));
      timed.pop_back();
    }
    if (!state->ready.empty()) {
      batch.swap(state->ready);
      state->mutex.unlock();
      for (auto& task : batch) {
        task();
        task = {};
      }
      batch.clear();
      state->mutex.lock();
      continue;
    }
    if (state->stopping) break;
    if (timed.empty()) {
      state->wake.Wait(state->mutex);
    } else {
      state->wake.WaitFor(state->mutex, timed.front().time - now);
    }
  }
  state->ended = true;
  state->ended_wake.NotifyAll();
  state->mutex.unlock();
}

}  // namespace qalam::abi0
