#pragma once

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/server_builder.h>

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "broker/rpc/incoming_call.h"
#include "common/mutex.h"

namespace qalam {

// What serves a method: makes a CallHandler for the call, which must not wait for anything.
using ServeCall = std::function<void(IncomingCall&)>;
// By "/package.Service/Method".
using MethodTable = std::unordered_map<std::string, ServeCall>;

// Takes calls as they come and hands each to its method; a method that isn't there is answered
// UNIMPLEMENTED. It has a few threads with a completion queue each, and no other thread of gRPC
// polls: with every event, gRPC hands polling on to another thread that waits for one, which costs
// small messages more than all the rest. Thread: the owner's.
class CallDispatcher final : private IncomingCall::Source {
 public:
  // `builder` then makes the server.
  CallDispatcher(MethodTable methods, int threads_count, grpc::ServerBuilder& builder);
  ~CallDispatcher();  // Stopped, or never started.
  void Start();       // Once the server is there.
  // No further call is awaited; before the server is shut down, as gRPC 1.51 forgets a call that is
  // asked for meanwhile.
  void TakeNoMore();
  // Once the server is shut down: returns when every call has ended. Again: does nothing.
  void Stop();

 private:
  struct Lane {
    std::unique_ptr<grpc::ServerCompletionQueue> queue;
    std::thread thread;
  };

  void Arrived(IncomingCall& call) override;
  void Gone() override;
  void Await(grpc::ServerCompletionQueue& queue);
  static void Run(grpc::ServerCompletionQueue& queue);

  const MethodTable methods_;
  grpc::AsyncGenericService service_;
  std::vector<Lane> lanes_;
  bool started_ = false;
  Mutex mutex_;
  CondVar gone_;
  std::size_t calls_count_ QALAM_GUARDED_BY(mutex_) = 0;  // Awaited or not over yet.
  bool stopping_ QALAM_GUARDED_BY(mutex_) = false;
};

}  // namespace qalam
