#pragma once

#include <cstddef>

#include "broker/api/explain.h"
#include "qalam/v1/observe.pb.h"

namespace qalam {

// The messages of ObserveService. Thread: any.
void ToProto(const RecordStory& story, v1::ExplainRecordResponse& out);
void ToProto(const RefusalList& list, v1::ListRefusalsResponse& out);
// How many are asked for: 0 means 100, more than 1,000 means 1,000. Errors: kInvalidArgument.
Result<std::size_t> RefusalsLimit(std::int32_t limit);

}  // namespace qalam
