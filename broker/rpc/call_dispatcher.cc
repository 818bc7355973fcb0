#include "broker/rpc/call_dispatcher.h"

#include <pthread.h>

#include <utility>

#include "broker/rpc/status_map.h"
#include "common/check.h"

namespace qalam {
namespace {

constexpr int kAwaitedPerQueue = 32;  // So many calls may come at once without waiting for us.

// A call of a method that nobody serves.
class UnknownMethod final : public CallHandler {
 public:
  explicit UnknownMethod(IncomingCall& incoming) : CallHandler(incoming) {
    call().Finish({grpc::StatusCode::UNIMPLEMENTED, "there is no such method"});
  }
  void OnDone() override { delete this; }
};

}  // namespace

CallDispatcher::CallDispatcher(MethodTable methods, int threads_count, grpc::ServerBuilder& builder)
    : methods_(std::move(methods)) {
  builder.RegisterAsyncGenericService(&service_);
  for (int i = 0; i < threads_count; ++i) lanes_.push_back({builder.AddCompletionQueue(), {}});
}

CallDispatcher::~CallDispatcher() { QALAM_CHECK(!started_); }

void CallDispatcher::Start() {
  started_ = true;
  for (Lane& lane : lanes_) {
    for (int i = 0; i < kAwaitedPerQueue; ++i) Await(*lane.queue);
    lane.thread = std::thread([queue = lane.queue.get()] { Run(*queue); });
    pthread_setname_np(lane.thread.native_handle(), "rpc");
  }
}

void CallDispatcher::Run(grpc::ServerCompletionQueue& queue) {
  void* tag = nullptr;
  bool ok = false;
  while (queue.Next(&tag, &ok)) static_cast<IncomingCall::Event*>(tag)->OnEvent(ok);
}

void CallDispatcher::Await(grpc::ServerCompletionQueue& queue) {
  // With the lock, so that the queue isn't shut down meanwhile, which gRPC wouldn't bear.
  MutexLock lock(mutex_);
  if (stopping_) return;
  ++calls_count_;
  IncomingCall::Await(*this, service_, queue);
}

void CallDispatcher::Arrived(IncomingCall& call) {
  Await(call.queue());
  const auto found = methods_.find(call.method());
  if (found != methods_.end()) {
    found->second(call);
  } else {
    new UnknownMethod(call);
  }
}

void CallDispatcher::Gone() {
  MutexLock lock(mutex_);
  if (--calls_count_ == 0) gone_.NotifyAll();
}

void CallDispatcher::TakeNoMore() {
  MutexLock lock(mutex_);
  stopping_ = true;
}

void CallDispatcher::Stop() {
  if (!started_) return;
  started_ = false;
  TakeNoMore();
  {
    MutexLock lock(mutex_);
    while (calls_count_ > 0) gone_.Wait(mutex_);
  }
  for (Lane& lane : lanes_) {
    lane.queue->Shutdown();
    lane.thread.join();
  }
}

}  // namespace qalam
