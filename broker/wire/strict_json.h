#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

#include "common/result.h"

namespace qalam {

// Reads one JSON object by the letter of RFC 8259: no name twice in an object, no deeper than
// `depth_max` objects and lists. However deep `text` is nested, nothing recurses that deep. Errors:
// kInvalidArgument, with the line and column or the name (details: field). Thread: any.
Result<nlohmann::json> ParseJsonObject(std::string_view text, int depth_max);

}  // namespace qalam
