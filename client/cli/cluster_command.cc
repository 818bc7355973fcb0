#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <thread>

#include "client/cli/cluster_json.h"
#include "client/cli/text.h"
#include "client/cli/topic_output.h"
#include "client/cli/verbs.h"

namespace qalam::cli {
namespace {

using nlohmann::ordered_json;

void PrintBrokers(const std::vector<abi0::BrokerInfo>& brokers) {
  std::vector<std::vector<std::string>> rows = {
      {"BROKER", "ADDRESS", "VERSION", "STARTED", "WRITERS", "LOG", "DISK FREE", "MEMORY"}};
  for (const auto& b : brokers) {
    rows.push_back({std::to_string(b.id), b.address, b.version, Rfc3339(b.started_ms),
                    std::to_string(b.writer_threads), HumanBytes(b.log_bytes),
                    HumanBytes(b.disk_free_bytes), HumanBytes(b.resident_bytes)});
  }
  PrintTable(rows);
}

int Info(const Session& session) {
  const auto client = session.Connect();
  if (!client.ok()) return session.Fail(client.error());
  const auto info = session.Ask("ClusterService/DescribeCluster",
                                [&] { return client->admin().DescribeCluster(); });
  if (!info.ok()) return session.Fail(info.error());
  if (session.json()) {
    PrintJson(ClusterJson(*info));
    return 0;
  }
  std::printf("cluster %s  %s  %s  %s\n", info->cluster_id.c_str(),
              Counted(static_cast<std::uint64_t>(info->topics_count), "topic").c_str(),
              Counted(static_cast<std::uint64_t>(info->partitions_count), "partition").c_str(),
              info->problems.empty() ? "ok" : "problems:");
  for (const std::string& problem : info->problems) std::printf("  %s\n", problem.c_str());
  PrintBrokers(info->brokers);
  return 0;
}

// What is wrong, empty when all is well; an error when nobody can be asked.
abi0::Result<std::vector<std::string>> Problems(const Session& session) {
  const auto client = session.Connect();
  if (!client.ok()) return client.error();
  // Short, so that --wait looks often.
  const auto admin = client->admin().WithTimeout(
      std::min<std::chrono::milliseconds>(session.timeout, std::chrono::seconds(2)));
  const auto health = session.Ask("grpc.health.v1.Health/Check", [&] { return admin.Health(); });
  if (!health.ok()) return health.error();
  if (*health != abi0::HealthState::kServing)
    return std::vector<std::string>{"the broker is not serving"};
  const auto info =
      session.Ask("ClusterService/DescribeCluster", [&] { return admin.DescribeCluster(); });
  if (!info.ok()) return info.error();
  return info->problems;
}

int Health(const Session& session, bool wait) {
  const auto until = std::chrono::steady_clock::now() + session.timeout;
  auto problems = Problems(session);
  while (wait && (!problems.ok() || !problems->empty()) &&
         std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    problems = Problems(session);
  }
  if (!problems.ok()) return session.Fail(problems.error());
  if (session.json()) {
    PrintJson({{"healthy", problems->empty()}, {"problems", *problems}});
  } else {
    std::printf("%s\n", problems->empty() ? "healthy" : "unhealthy");
    for (const std::string& problem : *problems) std::printf("  %s\n", problem.c_str());
  }
  return static_cast<int>(problems->empty() ? Exit::kOk : Exit::kUnhealthy);
}

int BrokerList(const Session& session) {
  const auto client = session.Connect();
  if (!client.ok()) return session.Fail(client.error());
  const auto brokers =
      session.Ask("ClusterService/ListBrokers", [&] { return client->admin().ListBrokers(); });
  if (!brokers.ok()) return session.Fail(brokers.error());
  if (session.json()) {
    std::vector<ordered_json> items;
    for (const auto& broker : *brokers) items.push_back(BrokerJson(broker));
    PrintJsonList(items, session.format);
  } else if (session.names()) {
    for (const auto& broker : *brokers) std::printf("%d\n", broker.id);
  } else {
    PrintBrokers(*brokers);
  }
  return 0;
}

struct PartitionFilter {
  std::string topic;
  bool leaderless = false;
  bool under_replicated = false;
  std::optional<std::int32_t> broker;

  bool Wants(const abi0::PartitionInfo& partition) const {
    if (leaderless && partition.leader >= 0) return false;
    if (under_replicated && partition.isr.size() >= partition.replicas.size()) return false;
    return !broker || std::find(partition.replicas.begin(), partition.replicas.end(), *broker) !=
                          partition.replicas.end();
  }
};

int PartitionList(const Session& session, const PartitionFilter& filter) {
  const auto client = session.Connect();
  if (!client.ok()) return session.Fail(client.error());
  const auto all = session.Ask("ClusterService/ListPartitions",
                               [&] { return client->admin().ListPartitions(filter.topic); });
  if (!all.ok()) return session.Fail(all.error());
  std::vector<abi0::PartitionInfo> wanted;
  std::copy_if(all->begin(), all->end(), std::back_inserter(wanted),
               [&](const abi0::PartitionInfo& partition) { return filter.Wants(partition); });
  if (session.json()) {
    std::vector<ordered_json> items;
    for (const auto& partition : wanted) {
      ordered_json item = {{"topic", partition.topic}};
      item.update(PartitionJson(partition));
      items.push_back(std::move(item));
    }
    PrintJsonList(items, session.format);
  } else if (session.names()) {
    for (const auto& p : wanted) std::printf("%s:%d\n", p.topic.c_str(), p.partition);
  } else {
    PrintPartitions(wanted, true, session.format == Format::kWide);
  }
  return 0;
}

}  // namespace

void AddCluster(CLI::App& root, Session& session, Action& chosen) {
  CLI::App& cluster = *AddNoun(
      root, "cluster", "info, health",
      {"qalam cluster info", "qalam cluster health", "qalam cluster health --wait --timeout 30s"});
  AddVerb(cluster, "info", "brokers, counts, problems",
          {"qalam cluster info", "qalam cluster info -o json",
           "qalam -b unix:/var/lib/qalam/qalam.sock cluster info"},
          chosen, [&session] { return Info(session); });
  const auto wait = std::make_shared<bool>(false);
  auto* verb = AddVerb(cluster, "health", "for scripts: exit 0 healthy, 10 not, 3 unreachable",
                       {"qalam cluster health", "qalam cluster health --wait --timeout 30s",
                        "qalam cluster health -o json"},
                       chosen, [&session, wait] { return Health(session, *wait); });
  verb->add_flag("--wait", *wait, "until it is healthy or --timeout has passed");

  CLI::App& broker =
      *AddNoun(root, "broker", "list",
               {"qalam broker list", "qalam broker list -o json", "qalam broker list -o ndjson"});
  AddVerb(broker, "list", "address, version, memory, disk",
          {"qalam broker list", "qalam broker list -o json", "qalam broker list -o ndjson"}, chosen,
          [&session] { return BrokerList(session); });

  CLI::App& partition = *AddNoun(
      root, "partition", "list: who leads and owns what",
      {"qalam partition list", "qalam partition list orders", "qalam partition list -o json"});
  const auto filter = std::make_shared<PartitionFilter>();
  verb = AddVerb(partition, "list", "leader, epoch, writer thread, offsets, size",
                 {"qalam partition list", "qalam partition list orders -o wide",
                  "qalam partition list --leaderless -o json"},
                 chosen, [&session, filter] { return PartitionList(session, *filter); });
  verb->add_option("topic", filter->topic, "only this topic");
  verb->add_flag("--leaderless", filter->leaderless, "only those that nobody leads");
  verb->add_flag("--under-replicated", filter->under_replicated,
                 "only those with a replica out of sync");
  verb->add_option("--broker", filter->broker, "only those with a replica on this broker");
}

}  // namespace qalam::cli
