#include "client/embedded/frame_thread.h"

#include <errno.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "common/check.h"

namespace qalam::abi0 {

struct FrameThread::State {
  State() : epoll(::epoll_create1(EPOLL_CLOEXEC)), wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (epoll < 0 || wake < 0) return;
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = nullptr;
    ::epoll_ctl(epoll, EPOLL_CTL_ADD, wake, &event);
  }
  ~State() {
    if (epoll >= 0) ::close(epoll);
    if (wake >= 0) ::close(wake);
  }
  void Wake() const {
    const std::uint64_t one = 1;
    // It can only fail because it is awake already.
    if (::write(wake, &one, sizeof one) < 0) return;
  }

  const int epoll;
  const int wake;
  Mutex mutex;
  bool stopping QALAM_GUARDED_BY(mutex) = false;
  std::vector<UniqueFunction<void()>> tasks QALAM_GUARDED_BY(mutex);
  std::unordered_map<const Watcher*, std::shared_ptr<Watcher>> kept QALAM_GUARDED_BY(mutex);
};

std::shared_ptr<FrameThread> FrameThread::Shared() {
  static Mutex& mutex = *new Mutex;  // Never destroyed: Clients may outlive statics.
  static std::weak_ptr<FrameThread>& shared = *new std::weak_ptr<FrameThread>;
  MutexLock lock(mutex);
  std::shared_ptr<FrameThread> thread = shared.lock();
  if (thread == nullptr) {
    thread.reset(new FrameThread(std::make_shared<State>()));
    shared = thread;
  }
  return thread;
}

FrameThread::FrameThread(std::shared_ptr<State> state)
    : state_(std::move(state)), thread_([state = state_] { Run(*state); }) {
  pthread_setname_np(thread_.native_handle(), "qalam-frames");
}

FrameThread::~FrameThread() {
  {
    MutexLock lock(state_->mutex);
    state_->stopping = true;
  }
  state_->Wake();
  if (thread_.get_id() == std::this_thread::get_id()) {
    thread_.detach();
  } else {
    thread_.join();
  }
}

bool FrameThread::Watch(int descriptor, std::shared_ptr<Watcher> watcher) {
  Watcher* const key = watcher.get();
  {
    MutexLock lock(state_->mutex);
    state_->kept[key] = std::move(watcher);
  }
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = key;
  if (::epoll_ctl(state_->epoll, EPOLL_CTL_ADD, descriptor, &event) == 0) return true;
  MutexLock lock(state_->mutex);
  state_->kept.erase(key);
  return false;
}

void FrameThread::Forget(int descriptor, const Watcher& watcher) {
  ::epoll_ctl(state_->epoll, EPOLL_CTL_DEL, descriptor, nullptr);
  // Let go of in a task: events that came together with this one may still name it.
  MutexLock lock(state_->mutex);
  const auto found = state_->kept.find(&watcher);
  if (found == state_->kept.end()) return;
  state_->tasks.push_back([last = std::move(found->second)] {});
  state_->kept.erase(found);
  state_->Wake();
}

void FrameThread::Post(UniqueFunction<void()> task) {
  MutexLock lock(state_->mutex);
  state_->tasks.push_back(std::move(task));
  state_->Wake();
}

void FrameThread::Run(State& state) {
  std::array<epoll_event, 64> events;
  while (true) {
    const int count = ::epoll_wait(state.epoll, events.data(), static_cast<int>(events.size()), -1);
    bool woken = false;
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events.at(static_cast<std::size_t>(i));
      auto* const watcher = static_cast<Watcher*>(event.data.ptr);
      if (watcher == nullptr) {
        woken = true;
      } else {
        watcher->OnReady();
      }
    }
    if (!woken) continue;
    std::uint64_t ignored = 0;
    if (::read(state.wake, &ignored, sizeof ignored) < 0 && errno != EAGAIN) return;
    std::vector<UniqueFunction<void()>> tasks;
    {
      MutexLock lock(state.mutex);
      tasks.swap(state.tasks);
      if (tasks.empty() && state.stopping) return;
    }
    for (auto& task : tasks) task();
    tasks.clear();
    MutexLock lock(state.mutex);
    if (state.stopping && !state.tasks.empty()) state.Wake();
    if (state.stopping && state.tasks.empty()) return;
  }
}

}  // namespace qalam::abi0
