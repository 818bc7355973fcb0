#include "broker/rpc/unary_call.h"

#include "broker/rpc/status_map.h"

namespace qalam {

void UnaryCall::Serve(IncomingCall& call, const Handle& handle) {
  const std::shared_ptr<UnaryCall> unary(new UnaryCall(call, handle));
  unary->self_ = unary;
  call.Read(unary->request_);
}

void UnaryCall::OnReadDone(bool ok) {
  if (!ok) {
    Fail(Error(ErrorCode::kInvalidArgument, "the call ended without a request"));
    return;
  }
  handle_(shared_from_this(), request_);
}

void UnaryCall::Fail(const Error& error) { call().Finish(ToGrpcStatus(error)); }

void UnaryCall::OnDone() { const std::shared_ptr<UnaryCall> last = std::move(self_); }

}  // namespace qalam
