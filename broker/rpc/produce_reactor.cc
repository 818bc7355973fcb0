#include "broker/rpc/produce_reactor.h"

#include <utility>

#include "broker/rpc/byte_buffers.h"
#include "broker/rpc/status_map.h"
#include "broker/wire/error_codec.h"

namespace qalam {

void ProduceReactor::Start(const RpcContext& rpc, IncomingCall& incoming) {
  (new ProduceReactor(rpc, incoming))->stream_->Start();  // Until OnDone.
}

ProduceReactor::ProduceReactor(const RpcContext& rpc, IncomingCall& incoming)
    : CallHandler(incoming),
      stream_(
          std::make_shared<ProduceStream>(rpc, *this, "grpc", incoming.peer(), incoming.trace())) {}

bool ProduceReactor::Write(Bytes message) {
  outgoing_ = ToByteBuffer({SharedSlice::Own(std::move(message))});
  call().Write(outgoing_);
  return false;
}

void ProduceReactor::Finish(const std::optional<Error>& error) {
  call().Finish(error ? ToGrpcStatus(*error) : grpc::Status::OK);
}

void ProduceReactor::OnReadDone(bool ok) {
  if (!ok) {
    stream_->OnReadEnd();
    return;
  }
  const auto slices = SlicesOf(incoming_);
  incoming_.Clear();
  stream_->OnRead(slices);
}

void ProduceReactor::OnDone() {
  stream_->OnDone();
  delete this;
}

}  // namespace qalam
