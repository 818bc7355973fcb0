#include "qalam/client.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "client/cluster_client.h"
#include "client/connection_pool.h"
#include "client/producer_core.h"
#include "client/reader_core.h"
#include "common/ids.h"

namespace qalam::abi0 {

Result<Client> Client::Connect(ClientOptions options) {
  if (options.bootstrap.empty()) {
    return Error("INVALID_ARGUMENT", "bootstrap names no broker");
  }
  for (const std::string& address : options.bootstrap) {
    if (const Status status = CheckAddress(address); !status.ok()) return status.error();
  }
  options.connect_timeout = std::max(options.connect_timeout, std::chrono::milliseconds(1));
  options.request_timeout = std::max(options.request_timeout, std::chrono::milliseconds(1));
  return Client(std::make_shared<ClusterClient>(std::move(options)));
}

Result<Client> Client::Connect(std::string_view bootstrap) {
  ClientOptions options;
  options.bootstrap = SplitAddresses(bootstrap);
  return Connect(std::move(options));
}

Client::Client(std::shared_ptr<ClusterClient> cluster) noexcept : cluster_(std::move(cluster)) {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() {
  // In a forked child, its connections are the parent's.
  if (cluster_ != nullptr && cluster_->forked()) {
    (void)new std::shared_ptr<ClusterClient>(std::move(cluster_));
  }
}

Producer Client::NewProducer(ProducerOptions options) const {
  auto core = std::make_shared<ProducerCore>(cluster_, std::move(options));
  cluster_->Add(core);
  return Producer(std::move(core));
}

Result<Reader> Client::NewReader(std::vector<TopicPartition> partitions, From from,
                                 ReaderOptions options) const {
  if (cluster_->forked()) return ErrorFromCore(ForkedError());
  if (partitions.empty()) return Error("INVALID_ARGUMENT", "a reader needs at least one partition");
  std::set<TopicPartition> seen;
  for (const TopicPartition& partition : partitions) {
    if (const auto legal = ValidateTopicName(partition.topic); !legal.ok()) {
      return ErrorFromCore(legal.error());
    }
    if (partition.partition < 0) {
      return Error("INVALID_ARGUMENT",
                   "partition " + std::to_string(partition.partition) + " is negative");
    }
    if (!seen.insert(partition).second) {
      return Error("INVALID_ARGUMENT",
                   partition.topic + "-" + std::to_string(partition.partition) + " is named twice");
    }
  }
  const bool counts = from.kind() == From::Kind::kOffset || from.kind() == From::Kind::kLast;
  if (counts && from.number() < 0) {
    return Error("INVALID_ARGUMENT", "offset " + std::to_string(from.number()) + " is negative");
  }
  return Reader(
      std::make_shared<ReaderCore>(cluster_, std::move(partitions), from, std::move(options)));
}

Result<std::vector<TopicPartition>> Client::PartitionsOf(const std::string& topic) const {
  const auto described = admin().DescribeTopic(topic);
  if (!described.ok()) return described.error();
  std::vector<TopicPartition> partitions;
  for (std::int32_t i = 0; i < described->topic.partitions_count; ++i) {
    partitions.push_back({topic, i});
  }
  return partitions;
}

Admin Client::admin() const { return Admin(cluster_, cluster_->options().request_timeout); }

}  // namespace qalam::abi0
