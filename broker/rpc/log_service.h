#pragma once

#include "broker/rpc/rpc_context.h"
#include "qalam/v1/log.grpc.pb.h"

namespace qalam {

// The hot methods are raw: they see bytes, not protobuf's copies. Reflection shows the generated
// service.
using LogServiceBase = v1::LogService::WithRawCallbackMethod_Produce<
    v1::LogService::WithRawCallbackMethod_Fetch<v1::LogService::WithRawCallbackMethod_Tail<
        v1::LogService::WithCallbackMethod_Append<v1::LogService::WithCallbackMethod_ListOffsets<
            v1::LogService::WithCallbackMethod_InitProducer<v1::LogService::Service>>>>>>;

// LogService over a Broker: decode, post, return. Thread: gRPC's.
class LogServiceImpl final : public LogServiceBase {
 public:
  explicit LogServiceImpl(const RpcContext& rpc) : rpc_(rpc) {}

  grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* Produce(
      grpc::CallbackServerContext* context) override;
  grpc::ServerUnaryReactor* Fetch(grpc::CallbackServerContext* context,
                                  const grpc::ByteBuffer* request,
                                  grpc::ByteBuffer* response) override;
  grpc::ServerWriteReactor<grpc::ByteBuffer>* Tail(grpc::CallbackServerContext* context,
                                                   const grpc::ByteBuffer* request) override;
  grpc::ServerUnaryReactor* Append(grpc::CallbackServerContext* context,
                                   const v1::AppendRequest* request,
                                   v1::AppendResponse* response) override;
  grpc::ServerUnaryReactor* ListOffsets(grpc::CallbackServerContext* context,
                                        const v1::ListOffsetsRequest* request,
                                        v1::ListOffsetsResponse* response) override;
  grpc::ServerUnaryReactor* InitProducer(grpc::CallbackServerContext* context,
                                         const v1::InitProducerRequest* request,
                                         v1::InitProducerResponse* response) override;

 private:
  const RpcContext rpc_;
};

}  // namespace qalam
