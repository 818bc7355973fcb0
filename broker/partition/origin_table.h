#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "broker/partition/origin_label.h"

namespace qalam {

// The origins that a ring's entries refer to, a bounded number of them: one that is new takes the
// place of the one of its set that was not heard for longest, whose older entries then have no
// sender any more. A reference is the slot's number, from 1, and half of the label's hash, by which
// a reader sees that the slot holds another one by now.
// Thread: Intern from the ring's writer; the rest from any.
class OriginTable {
 public:
  explicit OriginTable(std::size_t slots_max);

  std::uint32_t Intern(const OriginLabel& label);
  std::optional<OriginLabel> Find(std::uint32_t reference) const;

  std::size_t slots() const { return slots_; }
  // As it is, perhaps torn; its hash tells. Kind kNone: empty.
  OriginLabel Read(std::size_t slot) const;
  std::uint64_t changes() const { return changes_.load(std::memory_order_acquire); }

  static std::size_t SlotOf(std::uint32_t reference) { return (reference & 0xffff) - 1; }
  static bool Fits(std::uint32_t reference, const OriginLabel& label) {
    return label.kind == EntryKind::kOrigin && label.hash >> 16 == reference >> 16 &&
           label.ComputeHash() == label.hash;
  }

 private:
  static constexpr std::size_t kWays = 4;
  static constexpr std::size_t kWords = RingEntry::kBytes / sizeof(std::uint64_t);

  void Write(std::size_t slot, const OriginLabel& label);

  const std::size_t slots_;
  const std::unique_ptr<std::atomic<std::uint64_t>[]> words_;
  std::atomic<std::uint64_t> changes_{0};
  // The writer's.
  struct Place {
    OriginLabel label;
    std::uint64_t used = 0;
  };
  const std::unique_ptr<Place[]> places_;
  std::uint64_t uses_ = 0;
};

}  // namespace qalam
