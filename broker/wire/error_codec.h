#pragma once

#include <string>

#include "common/error.h"
#include "qalam/v1/error.pb.h"

namespace qalam {

// Errors as messages. Thread: any.
void ToProto(const Error& error, v1::ErrorStatus& out);
// The serialized qalam.v1.RpcStatus (google.rpc.Status by its wire format) for the trailing
// metadata `grpc-status-details-bin`: ErrorInfo always, RetryInfo, BadRequest and Help where they
// apply.
std::string EncodeStatusDetails(const Error& error, int grpc_code);

}  // namespace qalam
