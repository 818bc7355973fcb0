#pragma once

#include <string_view>

#include "broker/api/requests.h"

namespace qalam {

// What the API is asked, from the proto3 JSON of the gRPC message of that name. Strict: one JSON
// object, of known fields with the right types, each once, nested no deeper than they can be; empty
// text is an empty object. Errors: kInvalidArgument, naming the field (details: field). Thread:
// any.
Result<CreateTopicRequest> CreateTopicFromJson(std::string_view text);
// AlterTopicConfigRequest without its name, and SetConfigRequest.
Result<ConfigChange> ConfigChangeFromJson(std::string_view text);
// TrimPartitionRequest without topic and partition.
struct TrimRequest {
  Offset before_offset = 0;
  bool validate_only = false;
};
Result<TrimRequest> TrimFromJson(std::string_view text);

}  // namespace qalam
