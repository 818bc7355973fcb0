#include "broker/http/health_pages.h"

#include <utility>

namespace qalam {
namespace {

HttpResponse Readiness(const Result<ClusterInfo>& cluster) {
  HttpResponse response;
  if (!cluster.ok()) {
    response.status = 503;
    response.body = cluster.error().ToString() + "\n";
  } else if (cluster->offline_partitions_count > 0) {
    response.status = 503;
    for (const std::string& problem : cluster->problems) response.body += problem + "\n";
  } else {
    response.body = "ready\n";
  }
  return response;
}

}  // namespace

void AddHealthPages(HttpPages& pages, Broker& broker) {
  pages.Add("/healthz", [](const HttpRequest&, HttpReply reply) {
    HttpResponse response;
    response.body = "ok\n";
    reply(std::move(response));
  });
  pages.Add("/readyz", [&broker](const HttpRequest&, HttpReply reply) {
    broker.DescribeCluster(
        Reply<ClusterInfo>([reply = std::move(reply)](const Result<ClusterInfo>& cluster) mutable {
          reply(Readiness(cluster));
        }));
  });
}

}  // namespace qalam
