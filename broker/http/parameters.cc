#include "broker/http/parameters.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "common/printable.h"
#include "common/units.h"

namespace qalam {

Error BadParameter(const std::string& name, const std::string& message) {
  return Error(ErrorCode::kInvalidArgument, name + ": " + message).With("field", name);
}

Status CheckParameters(const HttpRequest& request, const std::vector<std::string_view>& known) {
  for (const auto& [name, value] : request.query) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    std::string names;
    for (const std::string_view each : known) {
      names += (names.empty() ? "" : ", ") + std::string(each);
    }
    return BadParameter(name.substr(0, 64), names.empty()
                                                ? "this takes no parameters"
                                                : "no such parameter; there are " + names);
  }
  return OkStatus();
}

HttpPage WithParameters(std::vector<std::string_view> known, HttpPage page) {
  return [known = std::move(known), page = std::move(page)](const HttpRequest& request,
                                                            HttpReply reply) {
    if (const Status valid = CheckParameters(request, known); valid.ok()) {
      page(request, std::move(reply));
    } else {
      reply(ErrorResponse(valid.error()));
    }
  };
}

Result<std::optional<std::int64_t>> NumberParameter(const HttpRequest& request,
                                                    const std::string& name, std::int64_t least,
                                                    std::int64_t most) {
  const std::string text = request.Query(name);
  if (text.empty()) return std::optional<std::int64_t>();
  const Result<std::int64_t> value = ParseInteger(text);
  if (value.ok() && *value >= least && *value <= most) return std::optional(*value);
  return BadParameter(name,
                      "a number from " + std::to_string(least) + " to " + std::to_string(most));
}

Result<RecordMatch> MatchParameters(const HttpRequest& request) {
  constexpr std::size_t kBytesMax = 1024;
  const RecordMatch match{request.Query("contains"), request.Query("key")};
  if (match.contains.size() <= kBytesMax && match.key.size() <= kBytesMax) return match;
  return BadParameter(match.key.size() > kBytesMax ? "key" : "contains",
                      "no more than " + std::to_string(kBytesMax) + " bytes");
}

Result<bool> FlagParameter(const HttpRequest& request, const std::string& name) {
  const std::string text = request.Query(name);
  if (text.empty() || text == "false") return false;
  if (text == "true") return true;
  return BadParameter(name, "true or false");
}

Result<TopicPartition> PartitionInPath(const HttpRequest& request) {
  const std::string number = request.Part("partition");
  const Result<std::int64_t> value = ParseInteger(number);
  if (!value.ok() || *value < 0 || *value > std::numeric_limits<PartitionId>::max()) {
    return BadParameter("partition", Quoted(number) + " is not a partition's number");
  }
  return TopicPartition{request.Part("topic"), static_cast<PartitionId>(*value)};
}

}  // namespace qalam
