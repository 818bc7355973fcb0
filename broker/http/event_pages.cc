#include "broker/http/event_pages.h"

#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "broker/http/json_reply.h"
#include "broker/http/parameters.h"

namespace qalam {
namespace {

// {"stepMs","columns":[...],"rows":[[...]...]}, the oldest row first.
template <typename History>
HttpResponse HistoryResponse(std::int64_t step_ms, const typename History::Ring& ring) {
  std::string json = "{\"stepMs\":" + std::to_string(step_ms) + ",\"columns\":[";
  for (const std::string_view column : History::kColumns) {
    if (json.back() != '[') json += ',';
    json.append("\"").append(column).append("\"");
  }
  json += "],\"rows\":[";
  for (std::size_t i = 0; i < ring.size(); ++i) {
    json += i == 0 ? "[" : ",[";
    for (const double number : ring.at(i)) {
      if (json.back() != '[') json += ',';
      AppendJsonNumber(number, json);
    }
    json += ']';
  }
  return JsonResponse(json + "]}\n");
}

void AnswerPartition(ClusterEvents& events, TopicPartition partition, HttpReply reply) {
  constexpr std::int64_t kStepMs = 5000;
  events.Ask([partition = std::move(partition), reply = std::move(reply)](
                 const TotalsHistory&, const BusiestHistory& busiest) mutable {
    if (const auto* const ring = busiest.Find(partition); ring != nullptr) {
      reply(HistoryResponse<BusiestHistory>(kStepMs, *ring));
    } else {
      reply(ErrorResponse(
          Error(ErrorCode::kNotFound, "there is no history of " + partition.ToString() +
                                          "; it is kept of the busiest partitions only")));
    }
  });
}

void AnswerTotals(ClusterEvents& events, bool by_minutes, HttpReply reply) {
  constexpr std::int64_t kSecondMs = 1000;
  constexpr std::int64_t kMinuteMs = 60'000;
  events.Ask([by_minutes, reply = std::move(reply)](const TotalsHistory& totals,
                                                    const BusiestHistory&) mutable {
    reply(by_minutes ? HistoryResponse<TotalsHistory>(kMinuteMs, totals.minutes())
                     : HistoryResponse<TotalsHistory>(kSecondMs, totals.seconds()));
  });
}

void AnswerHistory(ClusterEvents& events, const HttpRequest& request, HttpReply reply) {
  const std::string topic = request.Query("topic");
  const std::string step = request.Query("step");
  const auto partition =
      NumberParameter(request, "partition", 0, std::numeric_limits<PartitionId>::max());
  std::optional<Error> wrong;
  if (!partition.ok()) {
    wrong = partition.error();
  } else if (topic.empty() != !*partition) {
    wrong = BadParameter("partition", "topic and partition come together");
  } else if (!topic.empty() && !step.empty()) {
    wrong = BadParameter("step", "of a partition there is one step only; leave it out");
  } else if (!step.empty() && step != "1s" && step != "1m") {
    wrong = BadParameter("step", "1s or 1m");
  }
  if (wrong) {
    reply(ErrorResponse(*wrong));
  } else if (topic.empty()) {
    AnswerTotals(events, step == "1m", std::move(reply));
  } else {
    AnswerPartition(events, {topic, static_cast<PartitionId>(**partition)}, std::move(reply));
  }
}

}  // namespace

void AddEventPages(HttpPages& pages, ClusterEvents& events) {
  const auto stream = [&events](const HttpRequest& request, HttpReply reply) {
    // A client that begins anew can't set the header; what it knows comes as a parameter.
    std::string last_id(request.Header("last-event-id"));
    if (last_id.empty()) last_id = request.Query("last_event_id");
    reply(EventStreamResponse([&events, last_id](std::shared_ptr<HttpEventStream> opened) {
      events.Join(std::move(opened), last_id);
    }));
  };
  const auto history = [&events](const HttpRequest& request, HttpReply reply) {
    AnswerHistory(events, request, std::move(reply));
  };
  pages.Add("/events", WithParameters({"last_event_id"}, stream));
  pages.Add("/api/v1/history", WithParameters({"step", "topic", "partition"}, history));
}

}  // namespace qalam
