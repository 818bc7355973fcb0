#pragma once

#include <grpcpp/support/status.h>

#include <string>

#include "common/error.h"
#include "qalam/result.h"
#include "qalam/v1/error.pb.h"

// The errors of the wire and of common/ as the library's users see them. Thread: any.
namespace qalam::abi0 {

// `status` is not OK. Without details of ours: UNAVAILABLE is UNREACHABLE, DEADLINE_EXCEEDED
// TIMED_OUT.
Error ErrorFromGrpc(const grpc::Status& status, const std::string& address);
// True when a broker of ours said it, not the transport.
bool HasErrorInfo(const grpc::Status& status);
Error ErrorFromWire(const v1::ErrorStatus& status, const std::string& address);
Error ErrorFromCore(const core::Error& error);

}  // namespace qalam::abi0
