#include "client/answer_source.h"

#include <utility>

#include "client/broker_link.h"

namespace qalam::abi0 {

void AnswerSource::Set(const std::shared_ptr<ProduceLink>& link) {
  MutexLock lock(mutex_);
  link_ = link;
  can_fetch_.store(link->can_fetch());
}

std::shared_ptr<ProduceLink> AnswerSource::link() {
  MutexLock lock(mutex_);
  return link_.lock();
}

void AnswerSource::FetchUntil(TimePoint end, const std::function<bool()>& done) {
  while (can_fetch_.load() && !done()) {
    const std::shared_ptr<ProduceLink> current = link();
    if (current == nullptr || !current->FetchUntil(end, done)) return;
    if (SteadyClock::now() >= end) return;
  }
}

}  // namespace qalam::abi0
