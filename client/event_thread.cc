#include "client/event_thread.h"

#include <pthread.h>

#include "common/mutex.h"

namespace qalam::abi0 {

std::shared_ptr<EventThread> EventThread::Shared() {
  static Mutex& mutex = *new Mutex;  // Never destroyed: Clients may outlive statics.
  static std::weak_ptr<EventThread>& shared = *new std::weak_ptr<EventThread>;
  MutexLock lock(mutex);
  std::shared_ptr<EventThread> events = shared.lock();
  if (events == nullptr) {
    events.reset(new EventThread);
    shared = events;
  }
  return events;
}

EventThread::EventThread() : queue_(std::make_shared<grpc::CompletionQueue>()) {
  thread_ = std::thread([queue = queue_] { Run(*queue); });
  pthread_setname_np(thread_.native_handle(), "qalam-events");
}

EventThread::~EventThread() {
  queue_->Shutdown();
  if (thread_.get_id() == std::this_thread::get_id()) {
    thread_.detach();
  } else {
    thread_.join();
  }
}

void EventThread::Run(grpc::CompletionQueue& queue) {
  void* tag = nullptr;
  bool ok = false;
  while (queue.Next(&tag, &ok)) static_cast<Event*>(tag)->OnEvent(ok);
}

}  // namespace qalam::abi0
