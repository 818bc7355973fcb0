#pragma once

#include "broker/api/ownership.h"
#include "broker/rpc/stream_registry.h"
#include "broker/rpc/unary_call.h"
#include "qalam/v1/owner.pb.h"

namespace qalam {

// qalam.v1.OwnerService over an Ownership, for callers on the Unix socket. Thread: any.
class OwnerService final {
 public:
  // Both outlive it. `streams`: those who attend; they are ended with it.
  OwnerService(Ownership& ownership, StreamRegistry& streams)
      : ownership_(ownership), streams_(streams) {}
  void AddTo(MethodTable& methods);  // Which it must outlive.

 private:
  void DescribeOwner(UnaryCallPtr call, const v1::DescribeOwnerRequest& request);
  void HandOver(UnaryCallPtr call, const v1::HandOverRequest& request);
  void JoinOwner(UnaryCallPtr call, const v1::JoinOwnerRequest& request);

  Ownership& ownership_;
  StreamRegistry& streams_;
};

}  // namespace qalam
