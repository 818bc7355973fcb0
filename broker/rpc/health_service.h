#pragma once

#include <set>
#include <string>
#include <vector>

#include "broker/rpc/stream_registry.h"
#include "broker/rpc/unary_call.h"
#include "common/mutex.h"
#include "grpc/health/v1/health.pb.h"

namespace qalam {

// grpc.health.v1: whether the broker serves, the same for all its services. Watches are ended by
// the registry, as every stream. Thread: any.
class HealthService final {
 public:
  // `services`: full names; the whole broker, "", is one of its own.
  HealthService(StreamRegistry& streams, std::vector<std::string> services);
  void AddTo(MethodTable& methods);  // Which it must outlive.
  void SetServing(bool serving);

 private:
  class Watch;

  void Check(UnaryCallPtr call, const grpc::health::v1::HealthCheckRequest& request);
  // SERVICE_UNKNOWN if there is none of that name.
  grpc::health::v1::HealthCheckResponse StateOf(const std::string& service) const;
  void Join(const std::shared_ptr<Watch>& watch);

  StreamRegistry& streams_;
  const std::set<std::string> services_;
  mutable Mutex mutex_;
  bool serving_ QALAM_GUARDED_BY(mutex_) = false;
  std::vector<std::weak_ptr<Watch>> watches_ QALAM_GUARDED_BY(mutex_);
};

}  // namespace qalam
