#include "broker/partition/origin_table.h"

#include <cstring>

namespace qalam {
namespace {

bool Same(const OriginLabel& a, const OriginLabel& b) {
  return a.hash == b.hash && std::memcmp(&a, &b, sizeof a) == 0;
}

}  // namespace

OriginTable::OriginTable(std::size_t slots_max)
    : slots_(slots_max / kWays * kWays),
      words_(std::make_unique<std::atomic<std::uint64_t>[]>(slots_ * kWords)),
      places_(std::make_unique<Place[]>(slots_)) {}

std::uint32_t OriginTable::Intern(const OriginLabel& label) {
  const std::size_t first = label.hash % (slots_ / kWays) * kWays;
  std::size_t slot = first;
  bool found = false;
  for (std::size_t i = first; i < first + kWays && !found; ++i) {
    found = places_[i].used > 0 && Same(places_[i].label, label);
    if (found || places_[i].used < places_[slot].used) slot = i;
  }
  if (!found) Write(slot, label);
  places_[slot].used = ++uses_;
  return (label.hash & 0xffff0000) | static_cast<std::uint32_t>(slot + 1);
}

void OriginTable::Write(std::size_t slot, const OriginLabel& label) {
  places_[slot].label = label;
  const RingEntry entry = ToEntry(label);
  for (std::size_t i = 0; i < kWords; ++i) {
    words_[slot * kWords + i].store(entry.words[i], std::memory_order_relaxed);
  }
  changes_.store(changes_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
}

OriginLabel OriginTable::Read(std::size_t slot) const {
  RingEntry entry;
  for (std::size_t i = 0; i < kWords; ++i) {
    entry.words[i] = words_[slot * kWords + i].load(std::memory_order_relaxed);
  }
  return FromEntry<OriginLabel>(entry);
}

std::optional<OriginLabel> OriginTable::Find(std::uint32_t reference) const {
  if ((reference & 0xffff) == 0 || SlotOf(reference) >= slots_) return std::nullopt;
  OriginLabel label = Read(SlotOf(reference));
  if (!Fits(reference, label)) return std::nullopt;
  return label;
}

}  // namespace qalam
