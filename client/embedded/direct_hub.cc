#include "client/embedded/direct_hub.h"

#include <utility>
#include <vector>

#include "client/embedded/direct_produce.h"
#include "client/embedded/direct_tail.h"
#include "common/check.h"

namespace qalam::abi0 {
namespace {

class HubBroker final : public DirectBroker {
 public:
  explicit HubBroker(std::shared_ptr<DirectHub> hub) : hub_(std::move(hub)) {}

  std::shared_ptr<ProduceLink> OpenProduce(
      const ProduceOpen& open, std::shared_ptr<ProduceLink::Listener> listener) override {
    return DirectProduce::Start(hub_, open, std::move(listener));
  }
  std::shared_ptr<TailLink> OpenTail(const TailOpen& open,
                                     const std::shared_ptr<TailLink::Listener>& listener) override {
    return DirectTail::Start(hub_, open, listener);
  }

 private:
  const std::shared_ptr<DirectHub> hub_;
};

}  // namespace

DirectHub::~DirectHub() { QALAM_CHECK(broker_ == nullptr); }

bool DirectHub::Add(const std::shared_ptr<DirectLink>& link) {
  MutexLock lock(mutex_);
  if (closed_) return false;
  links_[link.get()] = link;
  return true;
}

void DirectHub::Remove(DirectLink* link) {
  MutexLock lock(mutex_);
  links_.erase(link);
}

void DirectHub::Close() {
  {
    const std::unique_lock<std::shared_mutex> lock(gate_);
    broker_ = nullptr;
  }
  std::vector<std::shared_ptr<DirectLink>> links;
  {
    MutexLock lock(mutex_);
    closed_ = true;
    for (const auto& [key, weak] : links_) {
      if (auto link = weak.lock()) links.push_back(std::move(link));
    }
  }
  for (const auto& link : links) link->End();
  answers_.Stop();
}

std::shared_ptr<DirectBroker> MakeDirectBroker(std::shared_ptr<DirectHub> hub) {
  return std::make_shared<HubBroker>(std::move(hub));
}

Error BrokerIsGone() { return {"SHUTTING_DOWN", "the broker in this process has stopped"}; }

}  // namespace qalam::abi0
