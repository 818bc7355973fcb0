#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/client_callback.h>

#include <functional>
#include <memory>
#include <string>

#include "common/mutex.h"

namespace qalam::abi0 {

// One streaming call of raw messages, driven by callbacks on gRPC's threads. Keeps itself alive
// until OnClosed returned. One write and one read may be under way at a time. Thread: any, but one
// Write and one Read at a time.
class Stream : private grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  // Called from gRPC's threads, one callback of a kind at a time. Not called after OnClosed, which
  // comes once, whatever happens, and releases the listener. Must not block.
  class Listener {
   public:
    virtual ~Listener() = default;
    virtual void OnWritten() = 0;                          // The last Write is with the transport.
    virtual void OnMessage(grpc::ByteBuffer message) = 0;  // Then Read again, or later.
    virtual void OnClosed(const grpc::Status& status) = 0;
  };

  // Starts the call. The first Read and Write may follow at once.
  static std::shared_ptr<Stream> Start(const std::shared_ptr<grpc::Channel>& channel,
                                       const char* method, std::shared_ptr<Listener> listener);

  // Both are ignored once the stream is broken: OnClosed is coming.
  void Write(grpc::ByteBuffer message, bool last = false);
  void Read();
  // Ends the call; OnClosed follows soon. Any number of times.
  void Cancel();

 private:
  explicit Stream(std::shared_ptr<Listener> listener) : listener_(std::move(listener)) {}
  void OnWriteDone(bool ok) override;
  void OnReadDone(bool ok) override;
  void OnDone(const grpc::Status& status) override;
  void MarkBroken();

  grpc::ClientContext context_;
  std::shared_ptr<Listener> listener_;
  std::shared_ptr<Stream> self_;
  grpc::ByteBuffer reading_;
  grpc::ByteBuffer writing_;
  Mutex mutex_;
  bool broken_ QALAM_GUARDED_BY(mutex_) = false;
};

}  // namespace qalam::abi0
