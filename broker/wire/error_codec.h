#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "common/error.h"
#include "qalam/v1/error.pb.h"

namespace qalam {

// Errors as messages, bounded: long texts are shortened. Thread: any.
void ToProto(const Error& error, v1::ErrorStatus& out);
// The serialized qalam.v1.RpcStatus (google.rpc.Status by its wire format) for the trailing
// metadata `grpc-status-details-bin`: ErrorInfo always, RetryInfo, BadRequest and Help where they
// apply.
std::string EncodeStatusDetails(const Error& error, int grpc_code);
// What EncodeStatusDetails made, or nothing. A word that this version does not know is kUnknown.
std::optional<Error> DecodeStatusDetails(const std::string& bytes);
// `text`, or its beginning and "...", in whole characters of UTF-8. `bytes_max` is 3 or more.
std::string Shorten(std::string_view text, std::size_t bytes_max);

}  // namespace qalam
