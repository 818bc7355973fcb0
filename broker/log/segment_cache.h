#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <unordered_map>

#include "common/mutex.h"

namespace qalam {

struct OpenSegment;

// Keeps the most recently used sealed segments open, so that a log of thousands of segments needs
// few descriptors. What a reader holds stays open until it lets go. Thread: any.
class SegmentCache {
 public:
  explicit SegmentCache(std::size_t open_max) : open_max_(open_max) {}
  // `open` was just used.
  void Keep(const std::shared_ptr<const OpenSegment>& open);
  // Not kept by this cache any more: its file is to go, and open it would hold the space.
  void Drop(const OpenSegment* open);
  std::size_t size() const;

 private:
  using Order = std::list<std::shared_ptr<const OpenSegment>>;

  const std::size_t open_max_;
  mutable Mutex mutex_;
  Order recent_ QALAM_GUARDED_BY(mutex_);  // Newest first.
  std::unordered_map<const OpenSegment*, Order::iterator> places_ QALAM_GUARDED_BY(mutex_);
};

}  // namespace qalam
