#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <random>
#include <utility>
#include <vector>

#include "tests/qa/checker/history.h"

namespace qalam::qa {

// Where in a history something can be spoiled: random picks among its events. Pointers are to the
// history's own events, null if there is none. Thread: one.
class Places {
 public:
  Places(History& history, std::mt19937_64& random) : history_(history), random_(random) {
    auto at = history.partitions.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(Below(history.partitions.size())));
    partition_ = &at->second;
  }

  History& history() { return history_; }
  PartitionHistory& partition() { return *partition_; }

  std::size_t Below(std::size_t n) {
    return n == 0 ? 0 : std::uniform_int_distribution<std::size_t>(0, n - 1)(random_);
  }

  // A random element that `good` says yes to.
  template <typename T, typename Good>
  T* Pick(std::vector<T>& list, Good good) {
    std::vector<T*> candidates;
    for (T& each : list) {
      if (good(each)) candidates.push_back(&each);
    }
    return candidates.empty() ? nullptr : candidates[Below(candidates.size())];
  }
  template <typename T>
  T* Pick(std::vector<T>& list) {
    return list.empty() ? nullptr : &list[Below(list.size())];
  }

  Send* FindSend(const std::optional<std::string>& record) {
    for (Send& send : partition_->sends) {
      if (send.record == record) return &send;
    }
    return nullptr;
  }
  bool InLog(const std::string& record) {
    const std::vector<Found>& found = partition_->readbacks.front().found;
    return std::any_of(found.begin(), found.end(),
                       [&](const Found& each) { return each.record == record; });
  }
  // A synced acknowledgement whose record is in the final log.
  Outcome* PickAck() {
    return Pick(partition_->outcomes, [&](const Outcome& outcome) {
      return outcome.kind == OutcomeKind::kAck && outcome.durability == Durability::kFsync &&
             InLog(outcome.record);
    });
  }
  // Two acknowledgements, the first one answered before the second was sent.
  std::pair<Outcome*, Outcome*> PickAcksInOrder() {
    Outcome* const second = PickAck();
    if (second == nullptr) return {};
    const std::int64_t sent_ns = FindSend(second->record)->t_ns;
    Outcome* const first = Pick(partition_->outcomes, [&](const Outcome& outcome) {
      return outcome.kind == OutcomeKind::kAck && outcome.t_ns < sent_ns;
    });
    return {first, second};
  }

  Found* PickFound() {
    Readback* const readback = Pick(partition_->readbacks);
    return readback == nullptr ? nullptr : Pick(readback->found);
  }
  // A seen record: read, or read back.
  Found* PickSeen() {
    if (!partition_->reads.empty() && Below(2) == 0) return &Pick(partition_->reads)->found;
    return PickFound();
  }
  std::int64_t StartAllowed() const {
    std::int64_t start = 0;
    for (const Trim& trim : partition_->trims) start = std::max(start, trim.log_start);
    return start;
  }
  // After everything else.
  std::int64_t EndNs() const {
    std::int64_t end_ns = 0;
    for (const auto& [name, partition] : history_.partitions) {
      for (const Readback& readback : partition.readbacks) end_ns = std::max(end_ns, readback.t_ns);
    }
    return end_ns + 1;
  }
  // What a broker that keeps its promises would say of the partition after everything else.
  Watermark LastSample() const {
    const Readback& readback = partition_->readbacks.back();
    return {.t_ns = EndNs(),
            .begin_ns = EndNs(),
            .log_start = readback.log_start,
            .high_watermark = readback.log_end,
            .durable_end = readback.log_end};
  }

 private:
  History& history_;
  std::mt19937_64& random_;
  PartitionHistory* partition_;
};

}  // namespace qalam::qa
