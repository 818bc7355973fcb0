#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <vector>

#include "broker/log/log.h"
#include "broker/partition/commands.h"
#include "broker/partition/stream_fence.h"

namespace qalam {

// A batch of a group: to be written, or a duplicate whose original is in the log.
struct GroupEntry {
  AppendCommand command;
  std::optional<StampedBatch> stamped;  // Nothing: a duplicate.
  AppendResult result;                  // All but the durability.
  Offset needed = 0;                    // Acknowledged once all below is as durable as asked.
};
struct RefusedBatch {
  AppendCommand command;
  Error error;
  Offset log_end = 0;  // Then, what is in the group included.
};
// What one write and one sync will cover.
struct AppendGroup {
  std::vector<GroupEntry> entries;  // In order; offsets dense.
  std::vector<RefusedBatch> refused;
  GroupClosed closed = GroupClosed::kQueueEmpty;
  std::vector<StampedBatch> Batches() const;
};

struct GroupRules {
  const TopicPartition& partition;
  const ProducerState& producers;  // As the log has it.
  StreamFence& fence;
  Offset end_offset = 0;
  Epoch leader_epoch = kNoEpoch;
  std::size_t bytes_max = 0;  // A first batch is taken even if it is larger.
  MonotonicTime now{};
};

// Takes batches from the front of `queued` and decides about each, in order: is it of a stream that
// has failed (kPrecedingFailed) or that a newer one has replaced (kProducerFenced), was it refused
// on the way, has its deadline passed (kTimedOut), is it a duplicate or out of its producer's
// sequence, does the log end where it expects (kUnexpectedOffset, details: log_end_offset); then
// gives it its offset and epoch. A refusal fails its stream. Stops at `bytes_max`, and before a
// batch that can only be judged when what is in the group has been written. Pure but for the
// streams' state and the fence. Thread: the writer's.
AppendGroup FormGroup(std::deque<AppendCommand>& queued, const GroupRules& rules);

}  // namespace qalam
