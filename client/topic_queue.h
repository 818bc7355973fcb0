#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/partition_queue.h"
#include "client/retry_policy.h"
#include "common/mutex.h"
#include "qalam/producer.h"

namespace qalam::abi0 {

// One topic of one producer: its partitions, and the records that wait until it is known how many
// there are. Thread: any. Lock order: mutex_, then those of PartitionQueue.
class TopicQueue {
 public:
  TopicQueue(ProducerCore& core, std::string name);

  const std::string& name() const { return name_; }
  // Made at first use.
  PartitionQueue& At(std::int32_t partition);
  // Where a record goes that names no partition. Null while the number of partitions is unknown:
  // Park it.
  PartitionQueue* Choose(const std::optional<std::string_view>& key);
  // A batch without keys was completed in `queue`: the next goes elsewhere.
  void OnSealed(const PartitionQueue& queue);

  // Takes the record until its partition can be chosen. False: it can be chosen now, or the
  // producer is closed; `record` is untouched. `reserved_bytes` of the buffer are the record's.
  bool Park(Record& record, DeliveryCallback* callback, std::shared_ptr<DeliveryState> delivery,
            std::size_t reserved_bytes, TimePoint now);
  void StartLookup();
  std::uint64_t parked_total() const;
  std::uint64_t unparked_total() const { return unparked_total_.load(); }

  void AllPartitions(std::vector<std::shared_ptr<PartitionQueue>>& out) const;
  void CancelAll(CloseReport& report);

 private:
  struct Parked {
    Record record;
    DeliveryCallback callback;
    std::shared_ptr<DeliveryState> delivery;
    std::size_t reserved_bytes = 0;
    TimePoint parked_at{};
    TimePoint deadline{};
  };
  using Table = std::vector<PartitionQueue*>;

  void Lookup();
  void OnFound(const Result<std::int32_t>& count);
  // Returns what was refused, to be failed without the lock: callbacks may send again.
  std::deque<Parked> Unpark(std::int32_t count) QALAM_REQUIRES(mutex_);
  void Fail(Parked& parked, const Error& error);
  PartitionQueue& AtLocked(std::int32_t partition) QALAM_REQUIRES(mutex_);
  static PartitionQueue* ChooseFrom(const Table& table, const std::optional<std::string_view>& key,
                                    std::uint32_t sticky);

  ProducerCore& core_;
  const std::string name_;
  std::atomic<const Table*> table_{nullptr};  // By partition; once published never changed.
  std::atomic<std::uint32_t> sticky_;
  mutable Mutex mutex_;
  std::unique_ptr<Table> owned_table_ QALAM_GUARDED_BY(mutex_);
  std::map<std::int32_t, std::shared_ptr<PartitionQueue>> partitions_ QALAM_GUARDED_BY(mutex_);
  std::deque<Parked> parked_ QALAM_GUARDED_BY(mutex_);
  std::uint64_t parked_total_ QALAM_GUARDED_BY(mutex_) = 0;
  // Passed on to their partition, or failed with their callbacks done.
  std::atomic<std::uint64_t> unparked_total_{0};
  bool looking_up_ QALAM_GUARDED_BY(mutex_) = false;
  bool closed_ QALAM_GUARDED_BY(mutex_) = false;
  RetryPolicy retry_ QALAM_GUARDED_BY(mutex_);
};

}  // namespace qalam::abi0
