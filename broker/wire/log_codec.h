#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "broker/api/requests.h"
#include "qalam/v1/log.pb.h"

namespace qalam {

// The messages of LogService. Thread: any.
// Errors: kInvalidArgument.
Result<Acks> FromProto(v1::Acks acks);
v1::Durability ToProto(Durability durability);
// Errors: kInvalidArgument.
Result<AppendRequest> FromProto(const v1::AppendRequest& request);
void ToProto(const AppendResult& result, v1::AppendResponse& out);
// Of `max_bytes` in a request: 0 (and less) stands for 1 MiB.
std::size_t FetchBytesMax(std::int32_t max_bytes);
FetchRequest FromProto(const v1::FetchRequest& request);
// Errors: kInvalidArgument.
Result<std::vector<OffsetQuery>> FromProto(const v1::ListOffsetsRequest& request);
void ToProto(const std::vector<OffsetAnswer>& answers, v1::ListOffsetsResponse& out);

}  // namespace qalam
