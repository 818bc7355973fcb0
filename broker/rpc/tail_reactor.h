#pragma once

#include <grpcpp/support/byte_buffer.h>

#include <memory>
#include <optional>
#include <string>

#include "broker/rpc/incoming_call.h"
#include "broker/rpc/rpc_context.h"
#include "common/mutex.h"
#include "qalam/v1/log.pb.h"

namespace qalam {

// One Tail stream: asks its session for the next piece, and for one more while that is being sent.
// So reading the disk and sending go on at the same time, a slow reader stalls only itself, and it
// costs two pieces of memory, which it mostly shares with the log. Thread: gRPC's and the broker's
// readers'; a lock keeps them apart, and the broker is never called with it held.
class TailReactor final : public CallHandler,
                          public DrainableStream,
                          public std::enable_shared_from_this<TailReactor> {
 public:
  TailReactor(const RpcContext& rpc, IncomingCall& incoming)
      : CallHandler(incoming), rpc_(rpc), peer_(incoming.peer()) {}
  // Once it is owned by a shared_ptr. It then keeps itself until OnDone.
  void Start();
  void Drain() override;
  std::optional<StreamInfo> Describe() const override;

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  void Open(const v1::TailRequest& request);
  void Ask();
  void Answer(Result<FetchResult> result);
  void Write(grpc::ByteBuffer message);
  // Ends the stream, now or as soon as no write is under way. The first error counts.
  void End(Error error);

  const RpcContext rpc_;
  const std::string peer_;
  std::shared_ptr<TailReactor> self_;  // From Start to OnDone.
  grpc::ByteBuffer request_;
  grpc::ByteBuffer outgoing_;  // Of the write under way.
  mutable Mutex mutex_;
  // Set once, under the lock; stays until the last question is answered.
  std::unique_ptr<TailSession> session_ QALAM_GUARDED_BY(mutex_);
  bool writing_ QALAM_GUARDED_BY(mutex_) = false;
  std::optional<grpc::ByteBuffer> ready_ QALAM_GUARDED_BY(mutex_);  // To be sent next.
  bool finished_ QALAM_GUARDED_BY(mutex_) = false;  // gRPC must not be called any more.
  std::optional<Error> end_with_ QALAM_GUARDED_BY(mutex_);
  std::optional<StreamInfo> opened_as_ QALAM_GUARDED_BY(mutex_);
};

}  // namespace qalam
