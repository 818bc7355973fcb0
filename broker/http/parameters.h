#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/http/http_message.h"
#include "broker/http/record_match.h"
#include "common/ids.h"
#include "common/result.h"

namespace qalam {

// What a request's query and path say. Errors: kInvalidArgument, naming the parameter (details:
// field). Thread: any.

Error BadParameter(const std::string& name, const std::string& message);
// Only what `known` names; a misspelt parameter must not be taken for none.
Status CheckParameters(const HttpRequest& request, const std::vector<std::string_view>& known);
// A page that answers only then. `known` are literals.
HttpPage WithParameters(std::vector<std::string_view> known, HttpPage page);
// Nothing where it is missing or empty.
Result<std::optional<std::int64_t>> NumberParameter(const HttpRequest& request,
                                                    const std::string& name, std::int64_t least,
                                                    std::int64_t most);
// "contains" and "key", a KiB each at most.
Result<RecordMatch> MatchParameters(const HttpRequest& request);
// "true" or "false"; false where it is missing.
Result<bool> FlagParameter(const HttpRequest& request, const std::string& name);
// The parts {topic} and {partition} of the path. Errors: also kUnknownPartition.
Result<TopicPartition> PartitionInPath(const HttpRequest& request);

}  // namespace qalam
