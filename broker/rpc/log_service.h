#pragma once

#include "broker/rpc/rpc_context.h"
#include "broker/rpc/unary_call.h"
#include "qalam/v1/log.pb.h"

namespace qalam {

// LogService over a Broker: decode, post, return. The hot methods see bytes, not protobuf's copies.
// Thread: gRPC's.
class LogService final {
 public:
  explicit LogService(const RpcContext& rpc) : rpc_(rpc) {}
  void AddTo(MethodTable& methods);  // Which it must outlive.

 private:
  void Append(UnaryCallPtr call, const v1::AppendRequest& request);
  void Fetch(UnaryCallPtr call, const v1::FetchRequest& request);
  void ListOffsets(UnaryCallPtr call, const v1::ListOffsetsRequest& request);
  void InitProducer(UnaryCallPtr call, const v1::InitProducerRequest& request);

  const RpcContext rpc_;
};

}  // namespace qalam
