#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/api/local_broker.h"
#include "broker/api/partition_host.h"
#include "broker/api/sessions.h"

namespace qalam {

// LocalBroker over a PartitionHost and a Controller. See broker.h for what each call does; they are
// in five files: local_broker_impl.cc (start, stop, writing), local_broker_reads.cc,
// local_broker_topics.cc (topics, cluster, settings, retention), local_broker_figures.cc,
// local_broker_explain.cc.
class LocalBrokerImpl final : public LocalBroker {
 public:
  LocalBrokerImpl(FileSystem& fs, const Clock& clock, Controller& controller, ConfigService& config,
                  LocalBrokerOptions options);

  Status Start() override;
  bool Stop(std::chrono::milliseconds patience) override;
  void OnLogFailure(UniqueFunction<void(const Error&)> callback) override;
  void SetAddress(std::string address) override;
  void RefreshTopics() override;
  std::vector<std::string> DescribeQueues() override;
  void AcceptRetentionClock() override { accept_clock_.store(true); }

  void OpenProduce(TopicPartition partition, Acks acks, std::shared_ptr<const Origin> origin,
                   Reply<std::unique_ptr<ProduceSession>> reply) override;
  void Append(AppendRequest request, Reply<AppendResult> reply) override;
  void InitProducer(Reply<ProducerIdentity> reply) override;

  void Fetch(FetchRequest request, Reply<FetchResult> reply) override;
  void OpenTail(TopicPartition partition, Offset from, std::size_t bytes_max,
                Reply<std::unique_ptr<TailSession>> reply) override;
  void ListOffsets(std::string topic, std::vector<OffsetQuery> queries,
                   Reply<std::vector<OffsetAnswer>> reply) override;
  void ListEpochs(TopicPartition partition, Reply<std::vector<EpochStart>> reply) override;

  void CreateTopic(CreateTopicRequest request, Reply<TopicInfo> reply) override;
  void DeleteTopic(std::string name, bool validate_only, Reply<Unit> reply) override;
  void DescribeTopic(std::string name, Reply<TopicDescription> reply) override;
  void ListTopics(PageRequest page, Reply<Page<TopicInfo>> reply) override;
  void AlterTopicConfig(std::string name, ConfigChange change,
                        Reply<std::vector<ConfigEntry>> reply) override;
  void TrimPartition(TopicPartition partition, Offset before, bool validate_only,
                     Reply<Offset> reply) override;
  void DescribeCluster(Reply<ClusterInfo> reply) override;
  void ReadFigures(Reply<BrokerFigures> reply) override;
  void ExplainRecord(TopicPartition partition, Offset offset, Reply<RecordStory> reply) override;
  void ListRefusals(TopicPartition partition, std::size_t limit, Reply<RefusalList> reply) override;
  void ListPartitions(PageRequest page, Reply<Page<PartitionInfo>> reply) override;
  void GetConfig(std::vector<std::string> keys, Reply<std::vector<ConfigEntry>> reply) override;
  void SetConfig(ConfigChange change, Reply<std::vector<ConfigEntry>> reply) override;

 private:
  using HandleReply = Reply<std::shared_ptr<PartitionHandle>>;

  // The partition, open; made first where topics are created on first use and `may_create`.
  void Resolve(TopicPartition partition, bool may_create, HandleReply reply);
  Result<std::shared_ptr<PartitionHandle>> Find(const TopicPartition& partition) const;
  // Runs `then` when every handle is open or known not to be.
  void OpenAll(std::vector<std::shared_ptr<PartitionHandle>> handles, UniqueFunction<void()> then);
  // True, and answered, when the broker stops.
  template <typename T>
  bool Stopping(Reply<T>& reply) const {
    if (!stopping_.load()) return false;
    reply(Error(ErrorCode::kShuttingDown, "the broker is stopping; nothing was done"));
    return true;
  }
  void MakeTopic(Controller::NewTopic topic, Reply<TopicInfo> reply);
  void UndoCreation(std::string name, Error error, Reply<TopicInfo> reply);
  void RefuseCreation(Error error, Reply<TopicInfo> reply);
  void AppendTo(std::shared_ptr<PartitionHandle> handle, AppendRequest request,
                Reply<AppendResult> reply);
  ClusterInfo MakeClusterInfo();
  // Puts the settings of the controller's newest image in force.
  void TakeSettings(const std::string& topic);
  void ScheduleRetention(std::chrono::nanoseconds after);
  void RetentionPass();
  void RemoveDeletable(const std::shared_ptr<PartitionHandle>& handle, Log& log);
  void ApplyRetention(std::shared_ptr<PartitionHandle> handle,
                      std::optional<TimestampMs> retention_now);

  const Clock& clock_;
  Controller& controller_;
  ConfigService& config_;
  const LocalBrokerOptions options_;
  PartitionHost host_;
  ReadContext reads_;
  std::atomic<bool> accept_clock_{false};
  std::atomic<bool> retention_paused_{false};
  std::atomic<bool> stopping_{false};
  const TimestampMs started_ms_;
  Mutex settings_mutex_;  // Settings are taken over one after another, so the newest win.
  Mutex mutex_;
  std::string address_ QALAM_GUARDED_BY(mutex_);
};

}  // namespace qalam
