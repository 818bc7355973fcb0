#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "broker/partition/commands.h"
#include "broker/partition/partition.h"
#include "common/mailbox.h"
#include "common/thread_role.h"

namespace qalam {

// One thread, one queue, some partitions for life. Drains the whole queue, then writes one group
// for each partition that got something. Thread: TryPost, Post and OnRoom from any; the rest its
// own or, before Start and in tests, the caller's.
class WriterThread {
 public:
  WriterThread(std::int32_t number, PartitionContext context, std::size_t mailbox_commands_max);
  ~WriterThread();

  void Start();
  // Joins. What is in the queue has been run; partitions are as they were left.
  void Stop();

  bool TryPost(AppendCommand& command);  // False: full, or stopping; `command` is untouched.
  void OnRoom(UniqueFunction<void()> callback) { mailbox_.OnRoom(std::move(callback)); }
  void Post(PartitionCommand command) { mailbox_.Post(std::move(command)); }
  void Post(UniqueFunction<void()> task) { mailbox_.Post(OwnerTask{std::move(task)}); }
  void RefuseAppends() {
    refusing_.store(true);
  }  // From now on appends are answered kShuttingDown.

  std::int32_t number() const { return number_; }
  std::size_t queue_depth() const { return mailbox_.size(); }

  // One turn: waits up to `patience` for commands. Tests call it themselves.
  void RunOnce(std::chrono::nanoseconds patience);

  // --- from the thread itself (in an OwnerTask) ---
  PartitionContext& context() { return context_; }
  void Adopt(std::shared_ptr<PartitionHandle> handle, std::unique_ptr<Log> log);
  // Lets go of the partition: what waits is answered, the log is closed (kept: dropped without
  // closing).
  std::unique_ptr<Partition> Release(PartitionHandle& handle);
  std::vector<Partition*> partitions();

 private:
  void Run();
  void Handle(AppendCommand command);
  void Handle(SyncDone done);
  void Handle(OwnerTask task) { task.run(); }
  void QueuePump(Partition& partition);

  const std::int32_t number_;
  PartitionContext context_;
  Mailbox<PartitionCommand> mailbox_;
  std::thread thread_;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> refusing_{false};
  std::vector<PartitionCommand> drained_;
  std::vector<Partition*> to_pump_;
  std::unordered_map<const PartitionHandle*, std::unique_ptr<Partition>> partitions_;
  MonotonicTime last_tick_{};
};

}  // namespace qalam
