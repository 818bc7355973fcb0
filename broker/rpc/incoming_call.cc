#include "broker/rpc/incoming_call.h"

namespace qalam {

void IncomingCall::Await(Source& source, grpc::AsyncGenericService& service,
                         grpc::ServerCompletionQueue& queue) {
  auto* const call = new IncomingCall(source, queue);  // Deleted by OnArrived, or by End.
  Event* const ended = &call->ended_;
  Event* const arrived = &call->arrived_;
  call->context_.AsyncNotifyWhenDone(ended);
  service.RequestCall(&call->context_, &call->call_, &queue, &queue, arrived);
}

std::optional<TraceParent> IncomingCall::trace() const {
  const auto& metadata = context_.client_metadata();
  const auto found =
      metadata.find(grpc::string_ref(TraceParent::kName.data(), TraceParent::kName.size()));
  if (found == metadata.end()) return std::nullopt;
  return TraceParent::Parse({found->second.data(), found->second.size()});
}

void IncomingCall::Read(grpc::ByteBuffer& message) {
  Begin();
  Event* const tag = &read_;
  call_.Read(&message, tag);
}

void IncomingCall::Write(const grpc::ByteBuffer& message) {
  Begin();
  Event* const tag = &write_;
  call_.Write(message, tag);
}

void IncomingCall::Finish(const grpc::Status& status) {
  Event* const tag = &finish_;
  call_.Finish(status, tag);
}

void IncomingCall::WriteAndFinish(const grpc::ByteBuffer& message) {
  Event* const tag = &finish_;
  call_.WriteAndFinish(message, grpc::WriteOptions(), grpc::Status::OK, tag);
}

void IncomingCall::OnArrived(bool ok) {
  if (ok) {
    source_.Arrived(*this);
    return;
  }
  // It never began, so that nothing else of it will come.
  Source& source = source_;
  delete this;
  source.Gone();
}

void IncomingCall::OnRead(bool ok) {
  if (handler_ != nullptr) handler_->OnReadDone(ok);
  End();
}

void IncomingCall::OnWritten(bool ok) {
  if (handler_ != nullptr) handler_->OnWriteDone(ok);
  End();
}

void IncomingCall::OnFinished(bool /*ok*/) { End(); }

void IncomingCall::OnEnded(bool /*ok*/) {
  if (handler_ != nullptr && context_.IsCancelled()) handler_->OnCancel();
  End();
}

void IncomingCall::End() {
  if (under_way_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  if (handler_ != nullptr) handler_->OnDone();
  Source& source = source_;
  delete this;
  source.Gone();
}

}  // namespace qalam
