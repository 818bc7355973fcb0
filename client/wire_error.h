#pragma once

#include <grpcpp/support/status.h>

#include <chrono>
#include <optional>
#include <string>

#include "common/bytes.h"
#include "common/error.h"
#include "qalam/record.h"
#include "qalam/result.h"
#include "qalam/v1/error.pb.h"

// The errors of the wire and of common/ as the library's users see them. Thread: any.
namespace qalam::abi0 {

// `status` is not OK. Without details of ours: UNAVAILABLE is UNREACHABLE, DEADLINE_EXCEEDED
// TIMED_OUT.
Error ErrorFromGrpc(const grpc::Status& status, const std::string& address);
// Of a serialized RpcStatus that a broker of ours made; nothing: it is none.
std::optional<Error> ErrorFromDetails(BytesView details, const std::string& address);
// True when a broker of ours said it, not the transport.
bool HasErrorInfo(const grpc::Status& status);
// Our deadline passed without an answer: nobody knows what the broker did.
bool IsNoAnswer(const grpc::Status& status);
// TIMED_OUT, for what changes nothing.
Error Unanswered(const std::string& address, std::chrono::milliseconds timeout);
// AMBIGUOUS: `what` may or may not have been carried out; `way_out` says how to find out.
Error UnansweredChange(const std::string& address, std::chrono::milliseconds timeout,
                       const std::string& what, const std::string& way_out);
Error ErrorFromWire(const v1::ErrorStatus& status, const std::string& address);
Error ErrorFromCore(const core::Error& error);
// `error` with the partition in its details and, if it does not name the topic, in its message.
Error ErrorAt(const Error& error, const TopicPartition& partition);

}  // namespace qalam::abi0
