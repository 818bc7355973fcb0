#include "broker/rpc/answer_thread.h"

#include <pthread.h>

#include <chrono>
#include <limits>
#include <utility>
#include <vector>

#include "common/check.h"

namespace qalam {
namespace {

constexpr std::chrono::seconds kIdle{60};  // Between two looks when nobody posts.

}  // namespace

AnswerThread::AnswerThread()
    : tasks_(std::numeric_limits<std::size_t>::max()), thread_([this] { Run(); }) {
  pthread_setname_np(thread_.native_handle(), "answers");
}

AnswerThread::~AnswerThread() { QALAM_CHECK(!thread_.joinable()); }

void AnswerThread::Post(UniqueFunction<void()> task) {
  if (!tasks_.TryPost(task)) task();
}

void AnswerThread::Run() {
  std::vector<UniqueFunction<void()>> tasks;
  while (!stopping_.load()) {
    tasks_.Drain(tasks, kIdle);
    for (auto& task : tasks) task();
    tasks.clear();
  }
}

void AnswerThread::Stop() {
  if (!thread_.joinable()) return;
  tasks_.Post([this] { stopping_.store(true); });
  thread_.join();
  for (auto& task : tasks_.Seal()) task();
}

}  // namespace qalam
