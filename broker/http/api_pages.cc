#include "broker/http/api_pages.h"

#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "broker/http/json_reply.h"
#include "broker/http/parameters.h"

namespace qalam {
namespace {

constexpr std::int64_t kPageSizeMax = 10'000;

Result<PageRequest> PageOf(const HttpRequest& request) {
  PageRequest page;
  page.token = request.Query("page_token");
  QALAM_ASSIGN_OR_RETURN(const auto size, NumberParameter(request, "page_size", 1, kPageSizeMax));
  page.size = static_cast<std::int32_t>(size.value_or(0));
  return page;
}

std::string SessionText(const SessionInfo& session, const ClusterInfo& cluster) {
  const BrokerInfo& self = cluster.brokers.front();
  nlohmann::ordered_json json;
  json["mode"] = ToText(session.mode);
  json["version"] = self.version;
  json["nodeId"] = self.id;
  json["startedMs"] = std::to_string(self.started_ms);
  json["console"] = session.console;
  return json.dump(1) + "\n";
}

std::string EpochsText(const std::vector<EpochStart>& epochs) {
  nlohmann::ordered_json json;
  auto& list = json["epochs"] = nlohmann::ordered_json::array();
  for (auto each = epochs.rbegin(); each != epochs.rend(); ++each) {
    list.push_back({{"epoch", each->epoch}, {"startOffset", std::to_string(each->start_offset)}});
  }
  return json.dump(1) + "\n";
}

}  // namespace

void AddApiPages(HttpPages& pages, Broker& broker, SessionInfo session) {
  pages.Add("/api/v1/session",
            WithParameters({}, [&broker, session](const HttpRequest&, HttpReply reply) {
              broker.DescribeCluster(JsonReply<ClusterInfo>(
                  std::move(reply),
                  [session](const ClusterInfo& cluster) { return SessionText(session, cluster); }));
            }));
  pages.Add("/api/v1/cluster", WithParameters({}, [&broker](const HttpRequest&, HttpReply reply) {
              broker.DescribeCluster(TextReply<ClusterInfo>(std::move(reply)));
            }));
  pages.Add("/api/v1/config", WithParameters({}, [&broker](const HttpRequest&, HttpReply reply) {
              broker.GetConfig({}, TextReply<std::vector<ConfigEntry>>(std::move(reply)));
            }));
  pages.Add("/api/v1/topics/{topic}",
            WithParameters({}, [&broker](const HttpRequest& request, HttpReply reply) {
              broker.DescribeTopic(request.Part("topic"),
                                   TextReply<TopicDescription>(std::move(reply)));
            }));
  pages.Add("/api/v1/topics/{topic}/partitions/{partition}/epochs",
            WithParameters({}, [&broker](const HttpRequest& request, HttpReply reply) {
              Result<TopicPartition> partition = PartitionInPath(request);
              if (partition.ok()) {
                broker.ListEpochs(std::move(partition).value(),
                                  JsonReply<std::vector<EpochStart>>(std::move(reply), EpochsText));
              } else {
                reply(ErrorResponse(partition.error()));
              }
            }));
  pages.Add("/api/v1/topics",
            WithParameters({"page_size", "page_token"},
                           [&broker](const HttpRequest& request, HttpReply reply) {
                             Result<PageRequest> page = PageOf(request);
                             if (page.ok()) {
                               broker.ListTopics(std::move(page).value(),
                                                 TextReply<Page<TopicInfo>>(std::move(reply)));
                             } else {
                               reply(ErrorResponse(page.error()));
                             }
                           }));
  pages.Add("/api/v1/partitions",
            WithParameters({"topic", "page_size", "page_token"},
                           [&broker](const HttpRequest& request, HttpReply reply) {
                             Result<PageRequest> page = PageOf(request);
                             if (page.ok()) {
                               page->topic = request.Query("topic");
                               broker.ListPartitions(
                                   std::move(page).value(),
                                   TextReply<Page<PartitionInfo>>(std::move(reply)));
                             } else {
                               reply(ErrorResponse(page.error()));
                             }
                           }));
}

}  // namespace qalam
