#pragma once

#include <grpcpp/completion_queue.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/server_context.h>

#include <atomic>
#include <chrono>
#include <optional>
#include <string>

#include "common/trace_parent.h"

namespace qalam {

class CallHandler;

// One call of raw messages, of any method, from before it arrives until gRPC is done with it. It
// owns itself from Await on. One read and one write may be under way at a time; Finish comes once,
// with no write under way. Thread: operations from any; what comes of them on the thread of its
// queue, one at a time, and never inside of the operation.
class IncomingCall {
 public:
  // Where calls come from and go back to. Thread: those of the queues.
  class Source {
   public:
    virtual void Arrived(IncomingCall& call) = 0;  // Must give it a handler, or Finish it.
    virtual void Gone() = 0;                       // One that was awaited, or that is over.

   protected:
    ~Source() = default;
  };
  // What gRPC is given as the tag of an operation.
  class Event {
   public:
    virtual void OnEvent(bool ok) = 0;

   protected:
    ~Event() = default;
  };

  // Takes the next call that comes to `queue`, or goes when the server shuts down before.
  static void Await(Source& source, grpc::AsyncGenericService& service,
                    grpc::ServerCompletionQueue& queue);

  const std::string& method() const { return context_.method(); }  // "/package.Service/Method"
  grpc::ServerCompletionQueue& queue() const { return queue_; }
  std::string peer() const { return context_.peer(); }
  std::optional<TraceParent> trace() const;  // In its metadata.
  std::chrono::system_clock::time_point deadline() const { return context_.deadline(); }

  // `handler` hears what becomes of the call, up to OnDone.
  void Attach(CallHandler& handler) { handler_ = &handler; }
  void Read(grpc::ByteBuffer& message);  // `message` stays until OnReadDone.
  void Write(const grpc::ByteBuffer& message);
  void Finish(const grpc::Status& status);
  void WriteAndFinish(const grpc::ByteBuffer& message);  // The last message and status OK, at once.

 private:
  // The tag of one kind of operation.
  struct Operation final : Event {
    Operation(IncomingCall& of, void (IncomingCall::*then)(bool)) : call(of), on_done(then) {}
    void OnEvent(bool ok) override { (call.*on_done)(ok); }
    IncomingCall& call;
    void (IncomingCall::*const on_done)(bool ok);
  };

  IncomingCall(Source& source, grpc::ServerCompletionQueue& queue)
      : source_(source), queue_(queue), call_(&context_) {}
  ~IncomingCall() = default;
  void OnArrived(bool ok);
  void OnRead(bool ok);
  void OnWritten(bool ok);
  void OnFinished(bool ok);
  void OnEnded(bool ok);
  void Begin() { under_way_.fetch_add(1, std::memory_order_relaxed); }
  void End();  // Of an operation; the last one ends the call.

  Source& source_;
  grpc::ServerCompletionQueue& queue_;
  grpc::GenericServerContext context_;
  grpc::GenericServerAsyncReaderWriter call_;
  CallHandler* handler_ = nullptr;
  // Operations; two of them, Finish and the call's end, are due from the beginning.
  std::atomic<int> under_way_{2};
  Operation arrived_{*this, &IncomingCall::OnArrived};
  Operation read_{*this, &IncomingCall::OnRead};
  Operation write_{*this, &IncomingCall::OnWritten};
  Operation finish_{*this, &IncomingCall::OnFinished};
  Operation ended_{*this, &IncomingCall::OnEnded};
};

// What a method does with a call. Thread: as IncomingCall says; nothing may block.
class CallHandler {
 public:
  explicit CallHandler(IncomingCall& call) : call_(call) { call.Attach(*this); }
  virtual ~CallHandler() = default;
  CallHandler(const CallHandler&) = delete;
  CallHandler& operator=(const CallHandler&) = delete;

  virtual void OnReadDone(bool /*ok*/) {}  // Not ok: the client has closed its side, or left.
  virtual void OnWriteDone(bool /*ok*/) {}
  virtual void OnCancel() {}  // The client left, or Finish came too late to reach it.
  virtual void OnDone() = 0;  // The last there is: the call is gone afterwards.

 protected:
  IncomingCall& call() { return call_; }

 private:
  IncomingCall& call_;
};

}  // namespace qalam
