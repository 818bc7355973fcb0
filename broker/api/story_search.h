#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "broker/api/explain.h"
#include "broker/partition/decision_ring.h"
#include "broker/partition/read_mark.h"
#include "common/clock.h"

namespace qalam {

// Whose stories are looked for, and the present, for what has no wall time yet.
struct StoryQuestion {
  TopicPartition partition;
  Uuid topic_id;
  std::optional<ReadMark::Range> unread_mark;  // What readers noted and no ring has yet.
  TimestampMs now_ms = 0;
  MonotonicTime now{};
};
using DecisionRingList = std::vector<std::unique_ptr<DecisionRing>>;

// The batch that `offset` lies in, the newest if there were several. Nothing: no ring has it (any
// more). Looks at every entry once or twice: about a millisecond for 4 MiB. Thread: any.
std::optional<BatchStory> FindBatch(const DecisionRingList& rings, const StoryQuestion& question,
                                    Offset offset);
// The newest `limit` refusals.
RefusalList FindRefusals(const DecisionRingList& rings, const StoryQuestion& question,
                         std::size_t limit);

}  // namespace qalam
