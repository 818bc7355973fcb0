#pragma once

#include <string>
#include <vector>

#include "broker/rpc/call_dispatcher.h"
#include "broker/rpc/stream_registry.h"
#include "grpc/reflection/v1alpha/reflection.pb.h"

namespace qalam {

// grpc.reflection.v1alpha: what there is to call, from protobuf's own descriptions, for grpcurl and
// its like. Streams are ended by the registry. Thread: any.
class ReflectionService final {
 public:
  // `services`: full names, besides its own.
  ReflectionService(StreamRegistry& streams, std::vector<std::string> services);
  void AddTo(MethodTable& methods);  // Which it must outlive.

 private:
  class Stream;

  grpc::reflection::v1alpha::ServerReflectionResponse Answer(
      const grpc::reflection::v1alpha::ServerReflectionRequest& request) const;

  StreamRegistry& streams_;
  std::vector<std::string> services_;
};

}  // namespace qalam
