#include "client/cli/top_source.h"

#include <algorithm>
#include <utility>

#include "client/cli/time_point.h"

namespace qalam::cli {
namespace {

constexpr std::chrono::milliseconds kPatience(2'000);

}  // namespace

abi0::Status TopSource::Ask(TopSample& sample) {
  if (!client_) {
    auto client = session_.Connect();
    if (!client.ok()) return client.error();
    client_.emplace(*std::move(client));
  }
  const auto admin = client_->admin().WithTimeout(std::min(session_.timeout, kPatience));
  auto figures = session_.Ask("ObserveService/ReadFigures", [&] { return admin.ReadFigures(); });
  if (!figures.ok()) return figures.error();
  const auto now = std::chrono::steady_clock::now();
  if (auto rates = rates_.Add(*std::move(figures), now - std::exchange(read_at_, now))) {
    sample.rates = *std::move(rates);
  }
  auto cluster =
      session_.Ask("ClusterService/DescribeCluster", [&] { return admin.DescribeCluster(); });
  if (!cluster.ok()) return cluster.error();
  sample.cluster = *std::move(cluster);
  const auto streams =
      session_.Ask("ObserveService/ListStreams", [&] { return admin.ListStreams(1); });
  if (!streams.ok()) return streams.error();
  sample.streams = streams->count;
  return {};
}

TopSample TopSource::Read() {
  const abi0::Status asked = Ask(last_);
  last_.asked_ms = NowMs();
  if (asked.ok()) {
    last_.away.reset();
  } else {
    if (!last_.away) last_.away_since_ms = last_.asked_ms;
    last_.away = asked.error();
  }
  return last_;
}

}  // namespace qalam::cli
