#pragma once

#include <grpcpp/support/status.h>

#include "common/error.h"

namespace qalam {

// The one place where our codes become gRPC's. The status carries the rich details (error_codec.h).
grpc::StatusCode GrpcCodeOf(ErrorCode code);
grpc::Status ToGrpcStatus(const Error& error);
// The other way: what another process of ours answered. Without our details: kUnreachable,
// kTimedOut, kPermissionDenied, kCancelled or kUnknown. `status` is not OK.
Error FromGrpcStatus(const grpc::Status& status);

}  // namespace qalam
