#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "broker/log/dirty_set.h"
#include "broker/log/log.h"
#include "broker/partition/commands.h"
#include "broker/partition/partition_handle.h"
#include "broker/partition/task_pool.h"

namespace qalam {

// What a partition needs of the process around it. Outlives it.
struct PartitionContext {
  FileSystem& fs;
  const Clock& clock;
  DirtySet& dirty;
  TaskPool& sync_pool;
  TaskPool& reader_pool;  // Wakes readers.
  UniqueFunction<void(const Error&)>& on_log_failure;
};

// One partition's leader: takes batches in order, decides, writes them in groups, and acknowledges
// what is durable. Between a group's write and its sync's return the next group collects (group
// commit). Thread: its WriterThread.
class Partition {
 public:
  Partition(PartitionContext& context, std::shared_ptr<PartitionHandle> handle,
            std::unique_ptr<Log> log);

  // Queues; nothing is decided before Pump.
  void Take(AppendCommand command);
  // Writes one group if none is under way, and starts its sync. Called when something was taken,
  // and when a sync returned.
  void Pump();
  void OnSynced(SyncDone done);
  // Housekeeping, about every second.
  void Tick(MonotonicTime now);
  // Runs `task` when no sync is under way, before the next group.
  void WhenIdle(UniqueFunction<void()> task);

  // The handle has new settings: puts them in force before the next group.
  void ApplySettings() {
    WhenIdle([this] { TakeNewSettings(); });
  }

  // Answers what is queued with `error`, definitely not written.
  void RefuseQueued(const Error& error);
  bool idle() const {
    return queued_.empty() && !sync_in_flight_ && waiting_.empty() && when_idle_.empty();
  }
  bool sync_in_flight() const { return sync_in_flight_; }
  Log& log() { return *log_; }
  PartitionHandle& handle() { return *handle_; }
  bool queued_for_pump = false;  // The writer thread's mark.

 private:
  // One that was written and waits for the level it asked for.
  struct Waiting {
    Offset needed = 0;  // Acknowledged once the level is here or above.
    AppendResult result;
    Reply<AppendResult> reply;
    ByteBudget::Share budget;
  };
  // What was decided about one batch of the group being formed.
  struct Decision {
    AppendCommand command;
    std::optional<StampedBatch> stamped;  // Nothing: a duplicate.
    AppendResult result;
    Offset needed = 0;
  };
  // Sequences of producers in the group being formed, which the log does not know yet.
  struct Ahead {
    std::int16_t epoch = 0;
    std::int32_t next_sequence = 0;
  };
  enum class Step { kTaken, kRefused, kNextGroup };

  std::vector<Decision> FormGroup();
  Step Decide(AppendCommand& command, Offset next, std::unordered_map<ProducerId, Ahead>& ahead,
              std::vector<Decision>& group);
  void Refuse(AppendCommand& command, Error error);
  void WriteGroup(std::vector<Decision> group);
  void StartSync();
  // The one place that acknowledges: everything below `level`, with the durability reached.
  void ReleaseAcks(Offset level, Durability durability);
  void RaiseHighWatermark(Offset offset);
  void FailAll(const Error& cause);
  bool fsync_mode() const { return settings_->log.flush_mode == FlushMode::kFsync; }
  void TakeNewSettings();

  PartitionContext& context_;
  const std::shared_ptr<PartitionHandle> handle_;
  const std::unique_ptr<Log> log_;
  std::shared_ptr<const PartitionSettings> settings_;
  std::deque<AppendCommand> queued_;
  std::deque<Waiting> waiting_;
  std::vector<UniqueFunction<void()>> when_idle_;
  bool announced_dirty_ = false;
  bool sync_in_flight_ = false;
  bool failed_ = false;
  MonotonicTime last_sync_{};
  MonotonicTime last_sweep_{};
};

}  // namespace qalam
