#include "broker/rpc/attend_reactor.h"

#include <utility>

#include "broker/rpc/byte_buffers.h"
#include "broker/rpc/status_map.h"
#include "broker/wire/owner_codec.h"

namespace qalam {

bool IsUnixPeer(const std::string& peer) { return peer.starts_with("unix:"); }

Error NotOnThisSocket() {
  return Error(ErrorCode::kPermissionDenied,
               "the owner of a directory is asked on the Unix socket in the directory only");
}

void AttendReactor::Start() {
  self_ = shared_from_this();
  if (!streams_.Add(self_)) {
    End(Error(ErrorCode::kTooManyRequests, "the broker serves as many streams as it may"));
    return;
  }
  if (!IsUnixPeer(call().peer())) {
    End(NotOnThisSocket());
    return;
  }
  MutexLock lock(mutex_);  // So that it can't be drained and gone before.
  if (!finished_) call().Read(request_);
}

void AttendReactor::Drain() { End(Error(ErrorCode::kShuttingDown, "the owner is going")); }

void AttendReactor::OnReadDone(bool ok) {
  v1::AttendOwnerRequest request;
  const bool sound = ok && ParseMessage(request_, request).ok();
  request_.Clear();
  if (!sound) {
    End(Error(ErrorCode::kInvalidArgument, "the call has no request that can be served"));
    return;
  }
  pid_.store(request.pid());
  may_own_.store(request.may_own());
  ownership_.Attend(shared_from_this());
}

void AttendReactor::Tell(const OwnerInfo& owner) {
  MutexLock lock(mutex_);
  news_ = owner;
  Advance();
}

void AttendReactor::OnWriteDone(bool ok) {
  MutexLock lock(mutex_);
  writing_ = false;
  if (!ok) cancelled_ = true;
  if (cancelled_ && !end_with_) {
    end_with_ = Error(ErrorCode::kCancelled, "the call was cancelled");
  }
  Advance();
}

void AttendReactor::OnCancel() {
  {
    MutexLock lock(mutex_);
    cancelled_ = true;
  }
  End(Error(ErrorCode::kCancelled, "the call was cancelled"));
}

void AttendReactor::End(Error error) {
  MutexLock lock(mutex_);
  if (!end_with_) end_with_ = std::move(error);
  Advance();
}

void AttendReactor::Advance() {
  if (writing_ || finished_) return;
  if (news_ && !cancelled_) {
    v1::AttendOwnerResponse response;
    ToProto(*std::exchange(news_, std::nullopt), *response.mutable_owner());
    outgoing_ = SerializedMessage(response);
    writing_ = true;
    call().Write(outgoing_);
    return;
  }
  if (!end_with_) return;
  finished_ = true;
  call().Finish(ToGrpcStatus(*end_with_));
}

void AttendReactor::OnDone() {
  ownership_.Leave(this);
  streams_.Remove(this);
  const auto last = std::move(self_);
}

}  // namespace qalam
