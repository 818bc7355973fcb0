#include "broker/log/segment_cache.h"

namespace qalam {

void SegmentCache::Keep(const std::shared_ptr<const OpenSegment>& open) {
  std::shared_ptr<const OpenSegment> dropped;  // Closed outside the lock.
  MutexLock lock(mutex_);
  const auto place = places_.find(open.get());
  if (place != places_.end()) {
    recent_.splice(recent_.begin(), recent_, place->second);
    return;
  }
  recent_.push_front(open);
  places_.emplace(open.get(), recent_.begin());
  if (recent_.size() <= open_max_) return;
  dropped = std::move(recent_.back());
  recent_.pop_back();
  places_.erase(dropped.get());
}

void SegmentCache::Drop(const OpenSegment* open) {
  std::shared_ptr<const OpenSegment> dropped;  // Closed outside the lock.
  MutexLock lock(mutex_);
  const auto place = places_.find(open);
  if (place == places_.end()) return;
  dropped = std::move(*place->second);
  recent_.erase(place->second);
  places_.erase(place);
}

std::size_t SegmentCache::size() const {
  MutexLock lock(mutex_);
  return recent_.size();
}

}  // namespace qalam
