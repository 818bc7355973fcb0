#pragma once

#include "broker/api/requests.h"
#include "qalam/v1/log.pb.h"

namespace qalam {

// The messages of LogService. Thread: any.
Acks FromProto(v1::Acks acks);
v1::Durability ToProto(Durability durability);
// Errors: kInvalidArgument.
Result<AppendRequest> FromProto(const v1::AppendRequest& request);
void ToProto(const AppendResult& result, v1::AppendResponse& out);
FetchRequest FromProto(const v1::FetchRequest& request);
Result<std::vector<OffsetQuery>> FromProto(const v1::ListOffsetsRequest& request);
void ToProto(const std::vector<OffsetAnswer>& answers, v1::ListOffsetsResponse& out);

}  // namespace qalam
