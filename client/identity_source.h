#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "client/cluster_client.h"
#include "client/pending_batch.h"
#include "common/mutex.h"
#include "qalam/producer.h"

namespace qalam::abi0 {

// Where the partitions of one producer get their producer ids from: the first of each is the same,
// so that a producer is one producer to the broker; one that the broker forgot gets a new one.
// Thread: any.
class IdentitySource {
 public:
  explicit IdentitySource(ClusterClient& cluster) : cluster_(cluster) {}

  // The answer comes by PartitionQueue::OnIdentity, perhaps at once. `core` owns us and stays alive
  // until then.
  void Request(std::shared_ptr<ProducerCore> core, std::shared_ptr<PartitionQueue> queue,
               bool fresh);

 private:
  ClusterClient& cluster_;
  Mutex mutex_;
  std::optional<ProducerIdentity> shared_ QALAM_GUARDED_BY(mutex_);
  std::vector<std::shared_ptr<PartitionQueue>> waiting_ QALAM_GUARDED_BY(mutex_);
};

}  // namespace qalam::abi0
