#include "client/callback_runner.h"

#include <cstddef>
#include <utility>
#include <vector>

#include "common/mutex.h"
#include "common/turn.h"

namespace qalam::abi0 {

// Counts what the executor has not run yet.
struct CallbackRunner::State final : Turn::Sink {
  Mutex mutex;
  CondVar changed;
  std::size_t under_way QALAM_GUARDED_BY(mutex) = 0;

  void Add() {
    MutexLock lock(mutex);
    ++under_way;
  }
  void Done() {
    MutexLock lock(mutex);
    if (--under_way == 0) changed.NotifyAll();
  }
  void EndTurn(std::vector<UniqueFunction<void()>> tasks) override {
    for (auto& task : tasks) task();
  }
};

namespace {

thread_local const void* running = nullptr;  // The State whose callback this thread runs.

}  // namespace

CallbackRunner::CallbackRunner(Executor executor)
    : executor_(std::move(executor)),
      thread_("qalam-callback"),
      state_(std::make_shared<State>()) {}

void CallbackRunner::Post(UniqueFunction<void()> task) {
  if (!executor_) {
    thread_.Post(std::move(task));
    return;
  }
  state_->Add();
  auto shared = std::make_shared<UniqueFunction<void()>>(std::move(task));
  UniqueFunction<void()> hand_over = [this, state = state_, shared = std::move(shared)] {
    executor_([state, shared] {
      const void* const outer = std::exchange(running, state.get());
      (*shared)();
      *shared = {};
      running = outer;
      state->Done();
    });
  };
  if (!Turn::PutOff(state_, hand_over)) hand_over();
}

bool CallbackRunner::IsCurrent() const {
  return executor_ ? running == state_.get() : thread_.IsCurrent();
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
