#include "client/callback_runner.h"

#include <cstddef>
#include <utility>

#include "common/mutex.h"

namespace qalam::abi0 {

// The executor, and how much of what it was given it has not run yet. A callback may let go of its
// producer, so this outlives the runner.
struct CallbackRunner::State {
  explicit State(Executor to_run) : executor(std::move(to_run)) {}

  void Add() {
    MutexLock lock(mutex);
    ++under_way;
  }
  void Done() {
    MutexLock lock(mutex);
    if (--under_way == 0) changed.NotifyAll();
  }

  const Executor executor;
  Mutex mutex;
  CondVar changed;
  std::size_t under_way QALAM_GUARDED_BY(mutex) = 0;
};

namespace {

thread_local const void* running = nullptr;  // The State whose callback this thread runs.

}  // namespace

CallbackRunner::CallbackRunner(Executor executor)
    : thread_("qalam-callback"), state_(std::make_shared<State>(std::move(executor))) {}

void CallbackRunner::Post(UniqueFunction<void()> task) {
  const std::shared_ptr<State> state = state_;
  if (!state->executor) {
    thread_.Post(std::move(task));
    return;
  }
  state->Add();
  state->executor([state, shared = std::make_shared<UniqueFunction<void()>>(std::move(task))] {
    const void* const outer = std::exchange(running, state.get());
    (*shared)();
    *shared = {};
    running = outer;
    state->Done();
  });
}

bool CallbackRunner::IsCurrent() const {
  return state_->executor ? running == state_.get() : thread_.IsCurrent();
}

void CallbackRunner::Stop(std::chrono::nanoseconds patience) {
  thread_.Stop(patience);
  const auto end = std::chrono::steady_clock::now() + patience;
  MutexLock lock(state_->mutex);
  while (state_->under_way > 0) {
    const auto left = end - std::chrono::steady_clock::now();
    if (left.count() <= 0) return;
    state_->changed.WaitFor(state_->mutex, left);
  }
}

}  // namespace qalam::abi0
