#include "broker/http/figures_pages.h"

#include <utility>

#include "broker/http/json_reply.h"
#include "broker/http/parameters.h"

namespace qalam {
namespace {

constexpr std::int64_t kStreamsUnlessSaid = 1'000;
constexpr std::int64_t kStreamsMax = 10'000;

Result<StreamList> ListStreams(const HttpRequest& request, const OpenStreams& streams) {
  QALAM_ASSIGN_OR_RETURN(const auto limit, NumberParameter(request, "limit", 1, kStreamsMax));
  return streams.ListStreams(static_cast<std::size_t>(limit.value_or(kStreamsUnlessSaid)));
}

}  // namespace

void AddFiguresPages(HttpPages& pages, Broker& broker, const OpenStreams& streams) {
  pages.Add(
      "/api/v1/figures",
      WithParameters({"writers_only"}, [&broker](const HttpRequest& request, HttpReply reply) {
        const Result<bool> writers_only = FlagParameter(request, "writers_only");
        if (!writers_only.ok()) {
          reply(ErrorResponse(writers_only.error()));
          return;
        }
        broker.ReadFigures(JsonReply<BrokerFigures>(
            std::move(reply), [writers_only = *writers_only](const BrokerFigures& figures) {
              return ToJsonText(figures, writers_only);
            }));
      }));
  pages.Add("/api/v1/streams",
            WithParameters({"limit"}, [&streams](const HttpRequest& request, HttpReply reply) {
              TextReply<StreamList>(std::move(reply))(ListStreams(request, streams));
            }));
}

}  // namespace qalam
