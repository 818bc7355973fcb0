#include "broker/http/api_pages.h"

#include <utility>

#include "broker/wire/json_text.h"
#include "common/units.h"

namespace qalam {
namespace {

constexpr std::string_view kTopics = "/api/v1/topics/";
constexpr std::int64_t kPageSizeMax = 10'000;

template <typename T>
Reply<T> JsonReply(HttpReply reply) {
  return Reply<T>([reply = std::move(reply)](Result<T> answer) mutable {
    if (!answer.ok()) {
      reply(ErrorResponse(answer.error()));
      return;
    }
    HttpResponse response;
    response.content_type = "application/json";
    response.body = ToJsonText(*answer);
    reply(std::move(response));
  });
}

Error BadParameter(const std::string& name, std::string message) {
  return Error(ErrorCode::kInvalidArgument, name + ": " + std::move(message)).With("field", name);
}

// Only what `known` names; a misspelt parameter must not be taken for none.
Status CheckParameters(const HttpRequest& request, std::initializer_list<std::string_view> known) {
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

std::string Parameter(const HttpRequest& request, const std::string& name) {
  const auto found = request.query.find(name);
  return found == request.query.end() ? "" : found->second;
}

Result<PageRequest> PageOf(const HttpRequest& request) {
  PageRequest page;
  page.token = Parameter(request, "page_token");
  if (const std::string size = Parameter(request, "page_size"); !size.empty()) {
    const Result<std::int64_t> value = ParseInteger(size);
    if (!value.ok() || *value < 1 || *value > kPageSizeMax) {
      return BadParameter("page_size", "a number from 1 to " + std::to_string(kPageSizeMax));
    }
    page.size = static_cast<std::int32_t>(*value);
  }
  return page;
}

}  // namespace

void AddApiPages(HttpPages& pages, Broker& broker) {
  pages.Add("/api/v1/cluster", [&broker](const HttpRequest& request, HttpReply reply) {
    if (const Status valid = CheckParameters(request, {}); !valid.ok()) {
      reply(ErrorResponse(valid.error()));
      return;
    }
    broker.DescribeCluster(JsonReply<ClusterInfo>(std::move(reply)));
  });
  pages.Add("/api/v1/config", [&broker](const HttpRequest& request, HttpReply reply) {
    if (const Status valid = CheckParameters(request, {}); !valid.ok()) {
      reply(ErrorResponse(valid.error()));
      return;
    }
    broker.GetConfig({}, JsonReply<std::vector<ConfigEntry>>(std::move(reply)));
  });
  pages.Add("/api/v1/topics", [&broker](const HttpRequest& request, HttpReply reply) {
    const Status valid = CheckParameters(request, {"page_size", "page_token"});
    Result<PageRequest> page = valid.ok() ? PageOf(request) : Result<PageRequest>(valid.error());
    if (!page.ok()) {
      reply(ErrorResponse(page.error()));
      return;
    }
    broker.ListTopics(std::move(page).value(), JsonReply<Page<TopicInfo>>(std::move(reply)));
  });
  pages.Add(std::string(kTopics), [&broker](const HttpRequest& request, HttpReply reply) {
    if (const Status valid = CheckParameters(request, {}); !valid.ok()) {
      reply(ErrorResponse(valid.error()));
      return;
    }
    broker.DescribeTopic(request.path.substr(kTopics.size()),
                         JsonReply<TopicDescription>(std::move(reply)));
  });
  pages.Add("/api/v1/partitions", [&broker](const HttpRequest& request, HttpReply reply) {
    const Status valid = CheckParameters(request, {"topic", "page_size", "page_token"});
    Result<PageRequest> page = valid.ok() ? PageOf(request) : Result<PageRequest>(valid.error());
    if (!page.ok()) {
      reply(ErrorResponse(page.error()));
      return;
    }
    page->topic = Parameter(request, "topic");
    broker.ListPartitions(std::move(page).value(),
                          JsonReply<Page<PartitionInfo>>(std::move(reply)));
  });
}

}  // namespace qalam
