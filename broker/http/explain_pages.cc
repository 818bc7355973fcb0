#include "broker/http/explain_pages.h"

#include <limits>
#include <utility>

#include "broker/http/json_reply.h"
#include "broker/http/parameters.h"

namespace qalam {
namespace {

constexpr std::int64_t kRefusalsDefault = 100;
constexpr std::int64_t kRefusalsMax = 1000;

Result<std::int64_t> NeededNumber(const HttpRequest& request, const std::string& name,
                                  std::int64_t most) {
  QALAM_ASSIGN_OR_RETURN(const auto number, NumberParameter(request, name, 0, most));
  if (!number) return BadParameter(name, "it is needed");
  return *number;
}

Result<TopicPartition> PartitionInQuery(const HttpRequest& request) {
  TopicPartition partition;
  partition.topic = request.Query("topic");
  if (partition.topic.empty()) return BadParameter("topic", "it is needed");
  QALAM_ASSIGN_OR_RETURN(
      const std::int64_t number,
      NeededNumber(request, "partition", std::numeric_limits<PartitionId>::max()));
  partition.partition = static_cast<PartitionId>(number);
  return partition;
}

void Explain(Broker& broker, const HttpRequest& request, HttpReply reply) {
  Result<TopicPartition> partition = PartitionInQuery(request);
  const Result<std::int64_t> offset =
      partition.ok() ? NeededNumber(request, "offset", std::numeric_limits<Offset>::max())
                     : Result<std::int64_t>(partition.error());
  if (offset.ok()) {
    broker.ExplainRecord(std::move(partition).value(), *offset,
                         TextReply<RecordStory>(std::move(reply)));
  } else {
    reply(ErrorResponse(offset.error()));
  }
}

void Refusals(Broker& broker, const HttpRequest& request, HttpReply reply) {
  Result<TopicPartition> partition = PartitionInQuery(request);
  const auto limit = NumberParameter(request, "limit", 1, kRefusalsMax);
  if (!partition.ok() || !limit.ok()) {
    reply(ErrorResponse(partition.ok() ? limit.error() : partition.error()));
    return;
  }
  broker.ListRefusals(std::move(partition).value(),
                      static_cast<std::size_t>(limit->value_or(kRefusalsDefault)),
                      TextReply<RefusalList>(std::move(reply)));
}

}  // namespace

void AddExplainPages(HttpPages& pages, Broker& broker) {
  pages.Add("/api/v1/explain",
            WithParameters({"topic", "partition", "offset"},
                           [&broker](const HttpRequest& request, HttpReply reply) {
                             Explain(broker, request, std::move(reply));
                           }));
  pages.Add("/api/v1/refusals",
            WithParameters({"topic", "partition", "limit"},
                           [&broker](const HttpRequest& request, HttpReply reply) {
                             Refusals(broker, request, std::move(reply));
                           }));
}

}  // namespace qalam
