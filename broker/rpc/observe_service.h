#pragma once

#include "broker/rpc/rpc_context.h"
#include "broker/rpc/unary_call.h"
#include "qalam/v1/observe.pb.h"

namespace qalam {

// ObserveService over a Broker. Thread: gRPC's.
class ObserveService final {
 public:
  explicit ObserveService(const RpcContext& rpc) : rpc_(rpc) {}
  void AddTo(MethodTable& methods);  // Which it must outlive.

 private:
  void ReadFigures(UnaryCallPtr call, const v1::ReadFiguresRequest& request);
  void ListStreams(UnaryCallPtr call, const v1::ListStreamsRequest& request);
  void ExplainRecord(UnaryCallPtr call, const v1::ExplainRecordRequest& request);
  void ListRefusals(UnaryCallPtr call, const v1::ListRefusalsRequest& request);

  const RpcContext rpc_;
};

}  // namespace qalam
