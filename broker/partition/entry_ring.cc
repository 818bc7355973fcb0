#include "broker/partition/entry_ring.h"

#include "common/check.h"

namespace qalam {

EntryRing::EntryRing(std::size_t capacity)
    : capacity_(capacity),
      words_(static_cast<std::uint64_t*>(std::calloc(capacity, RingEntry::kBytes))) {
  QALAM_CHECK(capacity > 0 && words_ != nullptr);
}

bool EntryRing::Read(std::uint64_t sequence, RingEntry& out) const {
  const std::uint64_t end = this->end();
  if (sequence >= end || end - sequence > capacity_) return false;
  std::uint64_t* const from = words_.get() + sequence % capacity_ * kWords;
  for (std::size_t i = 0; i < kWords; ++i) {
    out.words[i] = std::atomic_ref(from[i]).load(std::memory_order_relaxed);
  }
  std::atomic_thread_fence(std::memory_order_acquire);
  return begun_.load(std::memory_order_relaxed) - sequence <= capacity_;
}

}  // namespace qalam
