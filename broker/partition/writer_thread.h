#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <thread>
#include <unordered_map>
#include <vector>

#include "broker/partition/commands.h"
#include "broker/partition/decision_ring.h"
#include "broker/partition/partition.h"
#include "broker/partition/partition_stats.h"
#include "common/mailbox.h"
#include "common/thread_role.h"

namespace qalam {

// One thread, one queue, some partitions for life. Drains the whole queue, then writes one group
// for each partition that got something; the others cost nothing. While it waits for commands, the
// thread that comes back from a sync may do its turn in its place: one writer at a time, and the
// next group is on the disk without a thread having been woken. After a sync it looks at the
// partition's Arrivals by itself. Thread: TryPost, Post, Deliver,
// OnRoom, RefuseAppends from any; Start and Stop the owner's; the rest its own or, in tests, the
// caller's.
class WriterThread {
 public:
  // `decisions` outlives it; null: nothing is remembered.
  WriterThread(std::int32_t number, PartitionContext context, std::size_t mailbox_commands_max,
               DecisionRing* decisions = nullptr);
  ~WriterThread();

  void Start();
  // Joins. What is in the queue has been run; what is posted later is dropped, its replies answered
  // kShuttingDown. Partitions are as they were left.
  void Stop();

  // False: full, `command` is untouched. After RefuseAppends it is taken and answered.
  bool TryPost(AppendCommand& command);
  void OnRoom(UniqueFunction<void()> callback) { mailbox_.OnRoom(std::move(callback)); }
  void Post(PartitionCommand command) { mailbox_.Post(std::move(command)); }
  void Post(UniqueFunction<void()> task) { mailbox_.Post(OwnerTask{std::move(task)}); }
  // What a thread of the sync pool has done for it. If the writer waits, this thread does its turn.
  void Deliver(PartitionCommand command);
  // From now on appends are answered kShuttingDown.
  void RefuseAppends() { refusing_.store(true); }

  std::int32_t number() const { return number_; }
  std::size_t queue_depth() const { return mailbox_.size(); }
  WriterStats& stats() { return stats_; }
  const WriterStats& stats() const { return stats_; }
  DecisionRing* decisions() const { return decisions_; }

  // One turn: waits up to `patience` for commands, less if something is due before.
  void RunOnce(std::chrono::nanoseconds patience);

  // --- from the thread itself (in an OwnerTask) ---
  void Adopt(std::shared_ptr<PartitionHandle> handle, std::unique_ptr<Log> log);
  // Lets go of the partition; null if it is not here. Its log is as it was left.
  std::unique_ptr<Partition> Release(PartitionHandle& handle);
  std::vector<Partition*> partitions();
  // Pumps it at the end of this turn.
  void QueuePump(Partition& partition);
  // Puts it into the dirty set; answers with Partition::OnAnnounced. Those that come while one
  // announcement is under way go together in the next.
  void Announce(std::shared_ptr<PartitionHandle> partition);

 private:
  void Run();
  void Handle(AppendCommand command);
  void Handle(DirtyAnnounced announced);
  void Handle(EpochBegun begun);
  void Handle(SyncDone done);
  void Handle(OwnerTask task) { task.run(); }
  void HandleDrained();
  void TakeMore();
  void LookForArrivals();
  void AwaitArrivals(std::size_t missing);
  void CloseArrivals();
  void RunWhatIsDue(MonotonicTime now);
  void PumpAll();
  void SendAnnouncement();

  const std::int32_t number_;
  PartitionContext context_;
  DecisionRing* const decisions_;
  Mailbox<PartitionCommand> mailbox_;
  std::thread thread_;
  const void* actor_ = nullptr;  // Who waits for commands. Set before; the mailbox hands it over.
  std::atomic<bool> stopping_{false};
  std::atomic<bool> refusing_{false};
  WriterStats stats_;
  ThreadRole owner_;
  std::vector<PartitionCommand> drained_ QALAM_GUARDED_BY(owner_);
  std::vector<Partition*> to_pump_ QALAM_GUARDED_BY(owner_);
  // Whose sync returned in this turn.
  std::vector<std::shared_ptr<PartitionHandle>> synced_ QALAM_GUARDED_BY(owner_);
  std::vector<std::shared_ptr<PartitionHandle>> to_announce_ QALAM_GUARDED_BY(owner_);
  bool announcement_in_flight_ QALAM_GUARDED_BY(owner_) = false;
  std::vector<Partition*> timed_ QALAM_GUARDED_BY(owner_);  // Have something due by the clock.
  MonotonicTime next_due_ QALAM_GUARDED_BY(owner_) = MonotonicTime::max();
  MonotonicTime waits_for_ QALAM_GUARDED_BY(owner_) = MonotonicTime::max();  // `next_due_` then.
  std::unordered_map<const PartitionHandle*, std::unique_ptr<Partition>> partitions_
      QALAM_GUARDED_BY(owner_);
  MonotonicTime last_tick_ QALAM_GUARDED_BY(owner_){};
};

}  // namespace qalam
