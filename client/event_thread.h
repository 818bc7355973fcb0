#pragma once

#include <grpcpp/completion_queue.h>

#include <memory>
#include <thread>

namespace qalam::abi0 {

// One thread that takes what gRPC has to say, for all Clients of the process: reads and writes of
// streams, answers to calls. gRPC's own callback threads would do the same, but they are several,
// and hand the work of polling to each other with every event. Lives as long as somebody holds it;
// every call under way must. Thread: any.
class EventThread {
 public:
  // What gRPC is given as the tag of an operation. Stays until OnEvent.
  class Event {
   public:
    // Must not block. `ok` as gRPC's CompletionQueue::Next says.
    virtual void OnEvent(bool ok) = 0;

   protected:
    ~Event() = default;
  };

  // The process's; started by the first who wants it.
  static std::shared_ptr<EventThread> Shared();
  ~EventThread();  // Waits for the thread, unless it is the one that lets go last.
  EventThread(const EventThread&) = delete;
  EventThread& operator=(const EventThread&) = delete;

  grpc::CompletionQueue* queue() { return queue_.get(); }

 private:
  EventThread();
  static void Run(grpc::CompletionQueue& queue);

  const std::shared_ptr<grpc::CompletionQueue> queue_;  // The thread has its own hold on it.
  std::thread thread_;
};

}  // namespace qalam::abi0
