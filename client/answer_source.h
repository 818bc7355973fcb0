#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "client/steady_time.h"
#include "common/mutex.h"

namespace qalam::abi0 {

class ProduceLink;

// Where the answers about one partition come from just now. Who waits for one may fetch it on its
// own thread, where the link can: otherwise another thread takes it from the link only to wake the
// one that waits. Thread: any.
class AnswerSource {
 public:
  void Set(const std::shared_ptr<ProduceLink>& link);
  // Fetches answers on this thread until `done` or `end`; looks at `done` after each, and now and
  // then. Returns early, perhaps at once, where the link can't, or somebody else does it already.
  void FetchUntil(TimePoint end, const std::function<bool()>& done);

 private:
  std::shared_ptr<ProduceLink> link();

  // Many may ask, of links that can't: without the lock.
  std::atomic<bool> can_fetch_{false};
  Mutex mutex_;
  std::weak_ptr<ProduceLink> link_ QALAM_GUARDED_BY(mutex_);
};

}  // namespace qalam::abi0
