#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <unordered_map>
#include <vector>

#include "common/mutex.h"
#include "common/unique_function.h"

namespace qalam::abi0 {

// One thread that waits for the local sockets of all clients of this process. Lives as long as
// somebody holds it. Thread: any, but where it says otherwise.
class FrameThread {
 public:
  // Its socket has something to say. Called on the thread; must not block.
  class Watcher {
   public:
    virtual ~Watcher() = default;
    virtual void OnReady() = 0;
  };

  // The process's; started by the first who wants it.
  static std::shared_ptr<FrameThread> Shared();
  ~FrameThread();  // Waits for the thread, unless it is the one that lets go last.
  FrameThread(const FrameThread&) = delete;
  FrameThread& operator=(const FrameThread&) = delete;

  // From now on the watcher hears when `descriptor` can be read, and is kept. False: it can't be
  // watched.
  bool Watch(int descriptor, std::shared_ptr<Watcher> watcher);
  // Before the descriptor is closed.
  void Forget(int descriptor, const Watcher& watcher);
  // Runs it soon, on the thread.
  void Post(UniqueFunction<void()> task);

 private:
  struct State;
  explicit FrameThread(std::shared_ptr<State> state);
  static void Run(State& state);

  const std::shared_ptr<State> state_;  // The thread has its own hold on it.
  std::thread thread_;
};

}  // namespace qalam::abi0
