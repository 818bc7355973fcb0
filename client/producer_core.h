#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "client/callback_runner.h"
#include "client/cluster_client.h"
#include "client/identity_source.h"
#include "client/partition_queue.h"
#include "client/send_buffer.h"
#include "client/task_thread.h"
#include "client/topic_queue.h"
#include "common/mutex.h"
#include "common/record/compression.h"
#include "qalam/producer.h"

namespace qalam::abi0 {

// What is behind a Producer: its topics and partitions, the bytes it may hold, its identity, its
// thread for time and compression, and what runs the user's callbacks. Thread: any.
class ProducerCore final : public ClusterClient::Waiting,
                           public std::enable_shared_from_this<ProducerCore> {
 public:
  ProducerCore(std::shared_ptr<ClusterClient> cluster, ProducerOptions options);
  ~ProducerCore() override;
  void TryNow() override;

  // What Producer and Sender offer.
  Delivery Send(Record record);
  Status Send(Record record, DeliveryCallback callback);
  Result<Sender> SenderFor(const std::string& topic, std::optional<std::int32_t> partition);
  Status SendTo(TopicQueue& topic, PartitionQueue* partition, const RecordRef& record);
  Status Flush(std::chrono::milliseconds timeout);
  CloseReport Close(std::chrono::milliseconds timeout);
  // Close(0), then waits for callbacks and streams.
  void Destroy();
  ProducerStats stats() const;

  // What its parts share.
  const ProducerOptions& options() const { return options_; }
  ClusterClient& cluster() { return *cluster_; }
  BufferPool& pool() { return pool_; }
  TaskThread& tasks() { return tasks_; }
  CompressionType compression() const { return compression_; }
  SendBuffer& buffer() { return buffer_; }
  Progress& progress() { return progress_; }
  IdentitySource& identities() { return identities_; }
  // Counts a verdict and keeps the first failure for Flush.
  void Account(const BatchReport& report);
  // Runs callbacks of `delivery` and on_batch, if any, then `done`: where callbacks run, or at once
  // where there are none.
  void RunCallbacks(std::shared_ptr<DeliveryState> delivery, UniqueFunction<void()> done);

 private:
  TopicQueue* FindTopic(const std::string& name);  // Null: no legal name.
  // Reserves `bytes` as FullPolicy says: at once, or waiting. Not ok: BUFFER_FULL, CANCELLED.
  std::optional<Error> Reserve(std::size_t bytes);
  std::optional<Error> AppendTo(TopicQueue& topic, PartitionQueue& queue, const RecordRef& record,
                                std::optional<std::int64_t> expected_offset,
                                const Attachment& attachment, AppendOutcome& outcome);
  std::optional<Error> Take(Record& record, const Attachment& attachment, AppendOutcome& outcome);
  std::optional<Error> Park(TopicQueue& topic, Record& record, const Attachment& attachment,
                            AppendOutcome& outcome, bool& parked);
  void SealAll();
  void SealAllLater();
  std::vector<TopicQueue*> AllTopics() const;
  std::vector<std::shared_ptr<PartitionQueue>> AllPartitions() const;
  std::optional<Error> TakeFirstError();

  const std::uint64_t instance_;  // Unique in the process: for the cache of topics.
  const std::shared_ptr<ClusterClient> cluster_;
  const ProducerOptions options_;
  const CompressionType compression_;
  BufferPool pool_;
  Progress progress_;
  SendBuffer buffer_;
  IdentitySource identities_;
  TaskThread tasks_;
  CallbackRunner callbacks_;

  mutable Mutex topics_mutex_;
  std::unordered_map<std::string, std::unique_ptr<TopicQueue>> topics_
      QALAM_GUARDED_BY(topics_mutex_);

  std::atomic<bool> closed_{false};
  std::atomic<bool> seal_all_posted_{false};

  std::atomic<bool> closing_{false};
  Mutex close_mutex_;
  std::optional<CloseReport> close_report_ QALAM_GUARDED_BY(close_mutex_);

  mutable Mutex error_mutex_;
  std::optional<Error> first_error_ QALAM_GUARDED_BY(error_mutex_);
  std::atomic<std::uint64_t> records_acked_{0};
  std::atomic<std::uint64_t> records_failed_{0};
  std::atomic<std::uint64_t> batches_acked_{0};
  std::atomic<std::uint64_t> bytes_sent_{0};
};

}  // namespace qalam::abi0
