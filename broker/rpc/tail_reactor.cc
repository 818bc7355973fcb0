#include "broker/rpc/tail_reactor.h"

#include <utility>

#include "broker/rpc/byte_buffers.h"
#include "broker/rpc/status_map.h"
#include "broker/wire/error_codec.h"
#include "broker/wire/log_codec.h"
#include "broker/wire/produce_codec.h"

namespace qalam {

void TailReactor::Start() {
  self_ = shared_from_this();
  if (!rpc_.streams.Add(self_)) {
    End(Error(ErrorCode::kTooManyRequests, "the broker serves as many streams as it may"));
    return;
  }
  MutexLock lock(mutex_);  // So that the stream can't be drained and gone before.
  if (!finished_) call().Read(request_);
}

void TailReactor::OnReadDone(bool ok) {
  if (!ok) {
    End(Error(ErrorCode::kInvalidArgument, "the call ended without a request"));
    return;
  }
  v1::TailRequest tail;
  if (const Status parsed = ParseMessage(request_, tail); !parsed.ok()) {
    End(parsed.error());
    return;
  }
  request_.Clear();
  Open(tail);
}

std::optional<StreamInfo> TailReactor::Describe() const {
  MutexLock lock(mutex_);
  return opened_as_;
}

void TailReactor::Open(const v1::TailRequest& request) {
  {
    MutexLock lock(mutex_);
    opened_as_ = StreamInfo{"tail",
                            {request.topic(), request.partition()},
                            {Shorten(request.client_id(), kClientIdShownMax), "grpc", peer_},
                            rpc_.clock.NowMs()};
  }
  rpc_.broker.OpenTail({request.topic(), request.partition()}, request.offset(),
                       FetchBytesMax(request.max_bytes()),
                       Reply<std::unique_ptr<TailSession>>(
                           [self = self_](Result<std::unique_ptr<TailSession>> session) {
                             if (!session.ok()) {
                               self->End(std::move(session).error());
                               return;
                             }
                             {
                               MutexLock lock(self->mutex_);
                               if (self->finished_) return;
                               self->session_ = std::move(session).value();
                             }
                             self->Ask();
                           }));
}

void TailReactor::Ask() {
  TailSession* session = nullptr;
  {
    MutexLock lock(mutex_);
    if (finished_ || end_with_) return;
    session = session_.get();
  }
  session->Next(Reply<FetchResult>([self = shared_from_this()](Result<FetchResult> result) {
    self->Answer(std::move(result));
  }));
}

void TailReactor::Answer(Result<FetchResult> result) {
  if (!result.ok()) {
    End(std::move(result).error());
    return;
  }
  grpc::ByteBuffer message = ToByteBuffer(EncodeFetchResult(*result));
  {
    MutexLock lock(mutex_);
    if (finished_) return;
    if (writing_) {
      ready_ = message;
      return;
    }
    writing_ = true;  // From here on to OnWriteDone nobody finishes the stream.
  }
  Write(std::move(message));
}

void TailReactor::Write(grpc::ByteBuffer message) {
  outgoing_.Swap(&message);
  call().Write(outgoing_);
  Ask();
}

void TailReactor::OnWriteDone(bool ok) {
  outgoing_.Clear();
  grpc::ByteBuffer next;
  std::optional<Error> end;
  {
    MutexLock lock(mutex_);
    end = end_with_;
    if (!ok && !end) end = Error(ErrorCode::kCancelled, "the call was cancelled");
    writing_ = !end && ready_;
    if (ready_) next.Swap(&*ready_);
    ready_.reset();
    if (!end && !writing_) return;
  }
  if (end) {
    End(*std::move(end));
  } else {
    Write(std::move(next));
  }
}

void TailReactor::End(Error error) {
  TailSession* session = nullptr;
  {
    MutexLock lock(mutex_);
    if (!end_with_) end_with_ = std::move(error);
    if (finished_ || writing_) return;
    finished_ = true;
    session = session_.get();
    call().Finish(ToGrpcStatus(*end_with_));
  }
  if (session != nullptr) session->Cancel();
}

void TailReactor::Drain() { End(Error(ErrorCode::kShuttingDown, "the broker is stopping")); }

void TailReactor::OnCancel() { End(Error(ErrorCode::kCancelled, "the call was cancelled")); }

void TailReactor::OnDone() {
  rpc_.streams.Remove(this);
  const auto last = std::move(self_);
}

}  // namespace qalam
