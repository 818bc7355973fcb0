#pragma once

#include <chrono>
#include <optional>

#include "broker/partition/commands.h"
#include "broker/partition/decision_ring.h"
#include "broker/partition/group_commit.h"
#include "common/clock.h"

namespace qalam {

// When a group came how far. Monotonic.
struct GroupTimes {
  MonotonicTime formed{};
  MonotonicTime begun{};    // To write.
  MonotonicTime written{};  // Zero: there was nothing to write.
};

// What one partition enters into its writer's ring. Without a ring it enters nothing, but says in
// the debug log all the same what became of batches that belong to a trace.
// Thread: the partition's writer.
class PartitionDecisions {
 public:
  PartitionDecisions(DecisionRing* ring, PartitionHandle& handle, const Clock& clock);

  // Its batches and duplicates were decided, and are written.
  void OnWritten(const AppendGroup& group, const GroupTimes& times);
  // Everything written is acknowledged, at `now`.
  void OnAcknowledged(MonotonicTime now, Durability durability);
  void OnRefused(const AppendCommand& command, const Error& error, Offset log_end,
                 MonotonicTime now);
  // Takes over what readers noted since the last time.
  void TakeReadMark();

 private:
  EntryHead Head(EntryKind kind) const;
  EntryHead Head(EntryKind kind, const AppendCommand& command);
  void AddBatch(const GroupEntry& entry, const GroupTimes& times, std::uint64_t group);
  void LogTraced(const AppendCommand& command, const std::string& what) const;

  DecisionRing* const ring_;
  PartitionHandle& handle_;
  const Clock& clock_;
  const EntryHead head_;
  // Written, not acknowledged.
  std::optional<GroupDecision> group_;
  MonotonicTime written_{};
};

}  // namespace qalam
