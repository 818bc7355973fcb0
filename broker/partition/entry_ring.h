#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>

#include "broker/partition/decision_entry.h"

namespace qalam {

// The last so many entries of a stream that one thread writes and any thread reads. Nobody waits:
// the writer overwrites the oldest, and a reader that was overtaken while it copied an entry learns
// so and drops it. Reading through the writer's mailbox instead would have it copy megabytes while
// batches wait. Memory is touched as it fills.
//   sequences:  0 ... end-capacity ... end-1 | end          the first ones are overwritten
// Thread: Append from one at a time; the rest from any.
class EntryRing {
 public:
  explicit EntryRing(std::size_t capacity);

  void Append(const RingEntry& entry) {
    const std::uint64_t sequence = end_.load(std::memory_order_relaxed);
    // Whoever sees a word of this entry sees that it was begun.
    begun_.store(sequence + 1, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_release);
    std::uint64_t* const to = words_.get() + next_ * kWords;
    for (std::size_t i = 0; i < kWords; ++i) {
      std::atomic_ref(to[i]).store(entry.words[i], std::memory_order_relaxed);
    }
    if (++next_ == capacity_) next_ = 0;
    end_.store(sequence + 1, std::memory_order_release);
  }

  std::size_t capacity() const { return capacity_; }
  std::uint64_t end() const { return end_.load(std::memory_order_acquire); }
  // Of the oldest entry that may still be read.
  std::uint64_t first() const {
    const std::uint64_t end = this->end();
    return end > capacity_ ? end - capacity_ : 0;
  }
  // False: not there yet, or no more.
  bool Read(std::uint64_t sequence, RingEntry& out) const;

 private:
  static constexpr std::size_t kWords = RingEntry::kBytes / sizeof(std::uint64_t);
  struct Free {
    void operator()(std::uint64_t* words) const { std::free(words); }
  };

  const std::size_t capacity_;
  const std::unique_ptr<std::uint64_t[], Free> words_;
  std::size_t next_ = 0;  // Where entry end_ goes; the writer's.
  std::atomic<std::uint64_t> begun_{0};
  std::atomic<std::uint64_t> end_{0};
};

}  // namespace qalam
