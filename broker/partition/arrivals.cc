#include "broker/partition/arrivals.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace qalam {
namespace {

constexpr int kGroupsWithoutMax = 4;

}  // namespace

bool Arrivals::Add(std::shared_ptr<Source> source) {
  MutexLock lock(mutex_);
  if (!open_) return false;
  watched_.push_back({std::move(source), 0, true});
  return true;
}

void Arrivals::Open() {
  std::vector<Watched> idle;
  {
    MutexLock lock(mutex_);
    open_ = true;
    for (Watched& watched : watched_) {
      watched.groups_without = std::exchange(watched.found, false) ? 0 : watched.groups_without + 1;
    }
    const auto kept = std::partition(watched_.begin(), watched_.end(), [](const Watched& watched) {
      return watched.groups_without < kGroupsWithoutMax;
    });
    idle.assign(std::make_move_iterator(kept), std::make_move_iterator(watched_.end()));
    watched_.erase(kept, watched_.end());
  }
  for (const Watched& watched : idle) watched.source->Settle();
}

std::size_t Arrivals::Look() {
  std::vector<Watched> watched;
  {
    MutexLock lock(mutex_);
    watched.swap(watched_);
  }
  std::size_t missing = 0;
  std::erase_if(watched, [&missing](Watched& one) {
    const Source::Found found = one.source->Look();
    one.found = one.found || found == Source::Found::kSomething;
    if (found != Source::Found::kEnded && !one.found && one.groups_without == 0) ++missing;
    return found == Source::Found::kEnded;
  });
  MutexLock lock(mutex_);
  watched_.insert(watched_.end(), std::make_move_iterator(watched.begin()),
                  std::make_move_iterator(watched.end()));
  return missing;
}

void Arrivals::Close() {
  std::vector<Watched> watched;
  {
    MutexLock lock(mutex_);
    open_ = false;
    watched.swap(watched_);
  }
  for (const Watched& one : watched) one.source->Settle();
}

}  // namespace qalam
