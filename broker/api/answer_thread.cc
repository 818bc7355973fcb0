#include "broker/api/answer_thread.h"

#include <pthread.h>

#include <atomic>
#include <chrono>
#include <limits>
#include <utility>
#include <vector>

#include "common/check.h"
#include "common/mailbox.h"
#include "common/turn.h"

namespace qalam {
namespace {

constexpr std::chrono::seconds kIdle{60};  // Between two looks when nobody posts.

}  // namespace

class AnswerThread::Queue final : public Turn::Sink {
 public:
  explicit Queue(std::size_t sent_by_writer_max)
      : sent_by_writer_max_(sent_by_writer_max), tasks_(std::numeric_limits<std::size_t>::max()) {}

  void Post(UniqueFunction<void()> task) {
    if (!tasks_.TryPost(task)) task();
  }
  void EndTurn(std::vector<UniqueFunction<void()>> tasks) override {
    if (tasks.size() <= sent_by_writer_max_) {
      for (auto& task : tasks) task();
      return;
    }
    Post([tasks = std::move(tasks)]() mutable {
      for (auto& task : tasks) task();
    });
  }
  void Run() {
    std::vector<UniqueFunction<void()>> tasks;
    while (!stopping_.load()) {
      tasks_.Drain(tasks, kIdle);
      for (auto& task : tasks) task();
      tasks.clear();
    }
  }
  void Stop() {
    tasks_.Post([this] { stopping_.store(true); });
  }
  // Once Run has returned.
  void RunRest() {
    for (auto& task : tasks_.Seal()) task();
  }

 private:
  const std::size_t sent_by_writer_max_;
  Mailbox<UniqueFunction<void()>> tasks_;
  std::atomic<bool> stopping_{false};
};

AnswerThread::AnswerThread(std::size_t sent_by_writer_max)
    : queue_(std::make_shared<Queue>(sent_by_writer_max)),
      thread_([queue = queue_] { queue->Run(); }) {
  pthread_setname_np(thread_.native_handle(), "answers");
}

AnswerThread::~AnswerThread() { QALAM_CHECK(!thread_.joinable()); }

void AnswerThread::Post(UniqueFunction<void()> task) {
  if (!Turn::PutOff(queue_, task)) queue_->Post(std::move(task));
}

void AnswerThread::PostAside(UniqueFunction<void()> task) { queue_->Post(std::move(task)); }

void AnswerThread::Stop() {
  if (!thread_.joinable()) return;
  queue_->Stop();
  thread_.join();
  queue_->RunRest();
}

}  // namespace qalam
