#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "broker/log/log.h"
#include "broker/partition/commands.h"
#include "broker/partition/group_commit.h"
#include "broker/partition/partition_context.h"
#include "broker/partition/partition_decisions.h"
#include "broker/partition/partition_handle.h"
#include "broker/partition/reader_wakes.h"
#include "broker/partition/stream_fence.h"
#include "common/mutant.h"

namespace qalam {

// One partition's leader: takes batches in order, decides, writes them in groups, and acknowledges
// what is durable. Between a group's write and its sync's return the next group collects (group
// commit). Under FlushMode::kInterval and kOs groups are acknowledged when written, and syncs come
// by the clock.
//   Invariant: log start <= high watermark <= log end; under kFsync high watermark = durable end.
// Thread: its WriterThread, or who stands in for it; nothing here blocks on a sync.
class Partition {
 public:
  Partition(PartitionContext& context, std::shared_ptr<PartitionHandle> handle,
            std::unique_ptr<Log> log);
  ~Partition();  // What was written but not acknowledged is answered kAmbiguous.

  // Queues; nothing is decided before Pump.
  void Take(AppendCommand command);
  // Writes what it may and starts the sync. Called when something was taken or came back.
  void Pump();
  // Its name is in the dirty set, or not. Then the epoch begins.
  void OnAnnounced(const Status& status);
  void OnEpochBegun(EpochBegun begun);
  void OnSynced(SyncDone done);
  // Housekeeping, about every half second.
  void Tick(MonotonicTime now);
  // When there is something to do by the clock, sooner than a Tick: a sync under kInterval, readers
  // to wake.
  std::optional<MonotonicTime> due() const;
  void RunDue(MonotonicTime now);

  // Runs `task` when no sync is under way, before the next group.
  void WhenIdle(UniqueFunction<void()> task);
  // The handle has new settings: puts them in force before the next group.
  void ApplySettings();
  // Before it is let go: answers what is queued with `error` (definitely not written) and starts no
  // sync any more, so that once it is idle it stays so.
  void WindDown(const Error& error);
  bool idle() const {
    return queued_.empty() && waiting_.empty() && when_idle_.empty() && !sync_in_flight_ &&
           !announcing_;
  }

  // How long the last sync took that came back.
  std::chrono::nanoseconds sync_took() const { return sync_took_; }

  Log& log() { return *log_; }
  PartitionHandle& handle() { return *handle_; }
  void PublishView() { handle_->view.Store(log_->view()); }

  // The writer thread's marks.
  bool queued_for_pump = false;
  bool queued_for_due = false;

 private:
  // One that was written and waits to be as durable as it asked.
  struct Waiting {
    Offset needed = 0;
    AppendResult result;
    std::optional<MonotonicTime> deadline;
    Reply<AppendResult> reply;
    ByteBudget::Share budget;
  };

  bool fsync_mode() const { return settings_->log.flush_mode == FlushMode::kFsync; }
  bool may_write() const {
    return !announcing_ &&
           (!sync_in_flight_ || !fsync_mode() || MutantIs(Mutant::kWriteAheadOfSync));
  }
  std::optional<MonotonicTime> flush_due() const;
  void RunIdleTasks();
  void Announce();
  void EndAnnouncement(const Status& status);
  void WriteGroup();
  void StartSync();
  // Everything below `level` is now readable, and as durable as `durability` says: the one place
  // that acknowledges.
  void ReleaseAcks(Offset level, Durability durability);
  void Refuse(AppendCommand& command, Error error, Offset log_end);
  void Count(const AppendGroup& group, std::chrono::nanoseconds write);
  void RefuseQueued(const Error& error);
  // The whole group was refused for now, or one was written: for people.
  void NoteRefusal(const Error& error);
  void NoteWritten();
  void AnswerWaiting(const Error& error);
  // The log, or another one of its directory, failed: nothing is acknowledged any more.
  void FailAll(const Error& cause);
  void TakeNewSettings();

  PartitionContext& context_;
  const std::shared_ptr<PartitionHandle> handle_;
  const std::unique_ptr<Log> log_;
  std::shared_ptr<const PartitionSettings> settings_;
  std::shared_ptr<const PartitionSettings> refused_settings_;
  ReaderWakes reader_wakes_;
  StreamFence fence_;
  PartitionDecisions decisions_;
  std::deque<AppendCommand> queued_;
  std::deque<Waiting> waiting_;
  std::vector<UniqueFunction<void()>> when_idle_;
  bool announced_ = false;
  bool announcing_ = false;
  bool sync_in_flight_ = false;
  bool failed_ = false;
  bool winding_down_ = false;
  bool refused_last_ = false;
  std::optional<MonotonicTime> unsynced_since_;  // Under kInterval.
  MonotonicTime last_sync_{};
  std::chrono::nanoseconds sync_took_{};
  MonotonicTime last_sweep_{};
};

}  // namespace qalam
