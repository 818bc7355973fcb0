#include "client/identity_source.h"

#include <utility>

#include "client/partition_queue.h"

namespace qalam::abi0 {

void IdentitySource::Request(std::shared_ptr<ProducerCore> core,
                             std::shared_ptr<PartitionQueue> queue, bool fresh) {
  if (fresh) {
    cluster_.InitProducer([core = std::move(core),
                           queue = std::move(queue)](const Result<ProducerIdentity>& identity) {
      queue->OnIdentity(identity);
    });
    return;
  }
  std::optional<ProducerIdentity> known;
  {
    MutexLock lock(mutex_);
    known = shared_;
    if (!known) {
      waiting_.push_back(queue);
      if (waiting_.size() > 1) return;  // Asked already.
    }
  }
  if (known) {
    queue->OnIdentity(*known);
    return;
  }
  cluster_.InitProducer([this, core = std::move(core)](const Result<ProducerIdentity>& identity) {
    std::vector<std::shared_ptr<PartitionQueue>> waiting;
    {
      MutexLock lock(mutex_);
      if (identity.ok()) shared_ = *identity;
      waiting.swap(waiting_);
    }
    for (const auto& waiter : waiting) waiter->OnIdentity(identity);
  });
}

}  // namespace qalam::abi0
