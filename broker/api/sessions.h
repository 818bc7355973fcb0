#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <utility>

#include "broker/api/append_check.h"
#include "broker/api/broker.h"
#include "broker/api/timer_thread.h"
#include "broker/partition/partition_handle.h"
#include "broker/partition/task_pool.h"
#include "broker/partition/writer_thread.h"

namespace qalam {

// What a command takes of the budget: its bytes and about what the rest of it weighs.
std::size_t BudgetBytes(const AppendCommand& command);

// The ProduceSession over one partition's writer. Thread: as ProduceSession.
class WriterSession final : public ProduceSession {
 public:
  WriterSession(std::shared_ptr<PartitionHandle> handle, Acks acks,
                std::shared_ptr<const Origin> origin, std::shared_ptr<ByteBudget> budget,
                TaskPool& checks, const Clock& clock);
  bool TrySubmit(ProduceBatch& batch) override;
  void OnRoom(UniqueFunction<void()> callback) override;
  void Restart() override { ++generation_; }
  bool LookLater(std::shared_ptr<Arrivals::Source> source) override {
    return handle_->arrivals.Add(std::move(source));
  }

 private:
  // True: `ready_` is the batch. False: it is being checked elsewhere.
  bool Check(const ProduceBatch& batch);

  const std::shared_ptr<PartitionHandle> handle_;
  const Acks acks_;
  const std::shared_ptr<const Origin> origin_;
  const std::shared_ptr<ByteBudget> budget_;
  TaskPool& checks_;
  const Clock& clock_;
  const std::shared_ptr<StreamState> stream_;
  std::uint64_t generation_ = 1;
  // Of the batch that the caller brings again: its check under way, or what it found room for not
  // yet.
  std::shared_ptr<AppendCheck> check_;
  std::optional<AppendCommand> ready_;
};

// How many readers are parked, together; a bound for the process. Thread: any.
class ParkedLimit {
 public:
  explicit ParkedLimit(std::size_t max) : max_(max) {}
  bool Enter() {
    if (count_.fetch_add(1) < max_) return true;
    count_.fetch_sub(1);
    return false;
  }
  void Leave() { count_.fetch_sub(1); }
  std::size_t count() const { return count_.load(); }

 private:
  const std::size_t max_;
  std::atomic<std::size_t> count_{0};
};

// What readers need of the process around them. Outlives them.
struct ReadContext {
  TaskPool& pool;  // May block on the disk.
  TimerThread& timers;
  const Clock& clock;
  ParkedLimit parked;
};

// Reads what there is now; blocks on the disk unless the view has it in memory.
Result<FetchResult> ReadNow(const PartitionHandle& handle, Offset from, std::size_t bytes_max,
                            const Clock& clock);

// Answers `reply` when there is something to read at `request.offset`, or empty when the wait is
// over.
void FetchOrWait(ReadContext& context, std::shared_ptr<PartitionHandle> handle,
                 const FetchRequest& request, Reply<FetchResult> reply);

// The TailSession of one partition.
std::unique_ptr<TailSession> MakeTail(ReadContext& context, std::shared_ptr<PartitionHandle> handle,
                                      Offset from, std::size_t bytes_max);

}  // namespace qalam
