#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>

#include <functional>
#include <memory>
#include <string>

#include "client/event_thread.h"
#include "common/mutex.h"

namespace qalam::abi0 {

// One streaming call of raw messages. Keeps itself alive until OnClosed returned. One write and one
// read may be under way at a time. Thread: any, but one Write and one Read at a time.
class Stream {
 public:
  // Called from the EventThread, so one at a time. Not called after OnClosed, which comes once,
  // whatever happens, and releases the listener. Must not block.
  class Listener {
   public:
    virtual ~Listener() = default;
    virtual void OnWritten() = 0;                          // The last Write is with the transport.
    virtual void OnMessage(grpc::ByteBuffer message) = 0;  // Then Read again, or later.
    virtual void OnClosed(const grpc::Status& status) = 0;
  };

  // Starts the call, which the first Write carries to the broker. The first Read and Write may
  // follow at once.
  static std::shared_ptr<Stream> Start(const std::shared_ptr<grpc::Channel>& channel,
                                       const char* method, std::shared_ptr<Listener> listener);

  // Both are ignored once the stream is broken: OnClosed is coming.
  void Write(const grpc::ByteBuffer& message, bool last = false);
  void Read();
  // Ends the call; OnClosed follows soon. Any number of times.
  void Cancel();

 private:
  // The tag of one kind of operation, and whether one is under way.
  struct Operation final : EventThread::Event {
    Operation(Stream& of, void (Stream::*then)(bool)) : stream(of), on_done(then) {}
    void OnEvent(bool ok) override { (stream.*on_done)(ok); }
    Stream& stream;
    void (Stream::*const on_done)(bool ok);
    bool under_way = false;  // Under the stream's lock.
  };

  explicit Stream(std::shared_ptr<Listener> listener)
      : events_(EventThread::Shared()), listener_(std::move(listener)) {}
  void OnWriteDone(bool ok);
  void OnReadDone(bool ok);
  void OnFinished(bool ok);
  // Once it is broken and nothing is under way, asks how it ended.
  void MaybeFinish() QALAM_REQUIRES(mutex_);

  const std::shared_ptr<EventThread> events_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> call_;
  std::shared_ptr<Listener> listener_;
  std::shared_ptr<Stream> self_;
  grpc::ByteBuffer reading_;
  grpc::Status status_;
  Mutex mutex_;
  Operation write_ QALAM_GUARDED_BY(mutex_){*this, &Stream::OnWriteDone};
  Operation read_ QALAM_GUARDED_BY(mutex_){*this, &Stream::OnReadDone};
  Operation finish_ QALAM_GUARDED_BY(mutex_){*this, &Stream::OnFinished};
  bool broken_ QALAM_GUARDED_BY(mutex_) = false;
};

}  // namespace qalam::abi0
