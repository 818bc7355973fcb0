#pragma once

#include <grpcpp/support/byte_buffer.h>

#include <memory>
#include <optional>

#include "broker/rpc/incoming_call.h"
#include "broker/rpc/produce_stream.h"
#include "broker/rpc/produce_transport.h"
#include "broker/rpc/rpc_context.h"

namespace qalam {

// A Produce call of gRPC: carries a ProduceStream. It keeps itself until gRPC is done with it.
// Thread: as IncomingCall says.
class ProduceReactor final : public CallHandler, public ProduceTransport {
 public:
  static void Start(const RpcContext& rpc, IncomingCall& incoming);

  void Read() override { call().Read(incoming_); }
  bool Write(Bytes message) override;
  void Finish(const std::optional<Error>& error) override;

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override { stream_->OnWritten(ok); }
  void OnCancel() override { stream_->OnCancel(); }
  void OnDone() override;

 private:
  ProduceReactor(const RpcContext& rpc, IncomingCall& incoming);

  grpc::ByteBuffer incoming_;
  grpc::ByteBuffer outgoing_;
  const std::shared_ptr<ProduceStream> stream_;
};

}  // namespace qalam
