#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "broker/log/log.h"
#include "broker/partition/append_result.h"
#include "broker/partition/byte_budget.h"
#include "common/bytes.h"
#include "common/clock.h"
#include "common/ids.h"
#include "common/record/batch_header.h"
#include "common/reply.h"
#include "common/unique_function.h"

namespace qalam {

class PartitionHandle;

// What the batches of one Produce stream share: whether one of them was refused. Each restart of
// the stream begins a new generation, counted from 1. Thread: Fail from the writer's; HasFailed
// from any.
class StreamState {
 public:
  // A batch of this generation was refused, so every later one must be.
  bool HasFailed(std::uint64_t generation) const {
    return failed_generation_.load(std::memory_order_acquire) >= generation;
  }
  void Fail(std::uint64_t generation) {
    if (!HasFailed(generation)) failed_generation_.store(generation, std::memory_order_release);
  }

 private:
  std::atomic<std::uint64_t> failed_generation_{0};
};

// A batch on its way to the log. Everything that needs no order has been checked.
struct AppendCommand {
  std::shared_ptr<PartitionHandle> partition;
  BatchHeader header;  // As it will be stored, but for base offset and leader epoch.
  SharedSlice batch;   // As received: its first 61 bytes are not used.
  std::optional<Offset> expected_offset;
  std::shared_ptr<const Origin> origin;
  MonotonicTime received_at{};
  MonotonicTime checked_at{};
  std::unique_ptr<const TraceParent> trace;  // Of its first record; null: none.
  std::optional<MonotonicTime> deadline;
  std::shared_ptr<StreamState> stream;  // Null: unary.
  std::uint64_t generation = 0;
  std::optional<Error> refused;  // Found wanting on the way; comes along to keep the order.
  ByteBudget::Share budget;
  Reply<AppendResult> reply;  // Under acks=none it has been answered already.
};

// The partitions' names are in the dirty set, durably; or could not be put there.
struct DirtyAnnounced {
  std::vector<std::shared_ptr<PartitionHandle>> partitions;
  Status status;
};

// Where the partition's epoch begins is durable; or could not be made so.
struct EpochBegun {
  std::shared_ptr<PartitionHandle> partition;
  std::unique_ptr<EpochTicket> ticket;
  Status status;
};

// A sync returned.
struct SyncDone {
  std::shared_ptr<PartitionHandle> partition;
  std::unique_ptr<SyncTicket> ticket;
  Status status;
};

// Anything else that only the owner may do. Runs in order with the appends.
struct OwnerTask {
  UniqueFunction<void()> run;
};

using PartitionCommand =
    std::variant<AppendCommand, DirtyAnnounced, EpochBegun, SyncDone, OwnerTask>;

}  // namespace qalam
