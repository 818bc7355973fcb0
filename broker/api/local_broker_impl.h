#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/api/local_broker.h"
#include "broker/api/partition_host.h"
#include "broker/api/sessions.h"
#include "broker/log/retention_clock.h"

namespace qalam {

// LocalBroker over a PartitionHost and a Controller. See broker.h for what each call does.
class LocalBrokerImpl final : public LocalBroker {
 public:
  LocalBrokerImpl(FileSystem& fs, const Clock& clock, Controller& controller, ConfigService& config,
                  LocalBrokerOptions options);

  Status Start() override;
  bool Stop(std::chrono::milliseconds patience) override;
  void OnLogFailure(UniqueFunction<void(const Error&)> callback) override;
  void SetAddress(std::string address) override;
  void RefreshTopics() override;
  void AcceptRetentionClock() override { accept_clock_.store(true); }

  void OpenProduce(TopicPartition partition, Acks acks, std::shared_ptr<const Origin> origin,
                   Reply<std::unique_ptr<ProduceSession>> reply) override;
  void Append(AppendRequest request, Reply<AppendResult> reply) override;
  void Fetch(FetchRequest request, Reply<FetchResult> reply) override;
  void OpenTail(TopicPartition partition, Offset from, std::size_t bytes_max,
                Reply<std::unique_ptr<TailSession>> reply) override;
  void ListOffsets(std::string topic, std::vector<OffsetQuery> queries,
                   Reply<std::vector<OffsetAnswer>> reply) override;
  void InitProducer(Reply<ProducerIdentity> reply) override;
  void CreateTopic(CreateTopicRequest request, Reply<TopicInfo> reply) override;
  void DeleteTopic(std::string name, bool validate_only, Reply<Unit> reply) override;
  void DescribeTopic(std::string name, Reply<TopicDescription> reply) override;
  void ListTopics(PageRequest page, Reply<Page<TopicInfo>> reply) override;
  void AlterTopicConfig(std::string name, ConfigChange change,
                        Reply<std::vector<ConfigEntry>> reply) override;
  void TrimPartition(TopicPartition partition, Offset before, bool validate_only,
                     Reply<Offset> reply) override;
  void DescribeCluster(Reply<ClusterInfo> reply) override;
  void ListPartitions(PageRequest page, Reply<Page<PartitionInfo>> reply) override;
  void GetConfig(std::vector<std::string> keys, Reply<std::vector<ConfigEntry>> reply) override;
  void SetConfig(ConfigChange change, Reply<std::vector<ConfigEntry>> reply) override;

 private:
  using HandleReply = Reply<std::shared_ptr<PartitionHandle>>;

  // The partition, open; made first where topics are created on first use and `may_create`.
  void Resolve(TopicPartition partition, bool may_create, HandleReply reply);
  Result<std::shared_ptr<PartitionHandle>> Find(const TopicPartition& partition) const;
  // Answers when every handle is open or offline.
  void OpenAll(std::vector<std::shared_ptr<PartitionHandle>> handles, UniqueFunction<void()> then);
  void ScheduleRetention();
  void RetentionPass();

  FileSystem& fs_;
  const Clock& clock_;
  Controller& controller_;
  ConfigService& config_;
  const LocalBrokerOptions options_;
  PartitionHost host_;
  ReadContext reads_;
  std::optional<RetentionClock>
      retention_clock_;  // Touched by the background pool's one thread only.
  std::chrono::nanoseconds retention_after_{0};
  std::atomic<bool> accept_clock_{false};
  std::atomic<bool> retention_paused_{false};
  std::atomic<bool> stopping_{false};
  const TimestampMs started_ms_;
  Mutex mutex_;
  std::string address_ QALAM_GUARDED_BY(mutex_);
};

}  // namespace qalam
