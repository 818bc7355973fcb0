#pragma once

#include <memory>
#include <string>
#include <vector>

#include "broker/api/broker_figures.h"
#include "broker/api/explain.h"
#include "broker/api/requests.h"

namespace qalam {

// The broker as its front ends see it. Nothing here blocks: answers come by Reply, from any thread,
// and the handler must not block either. After the broker stopped, every question is answered
// kShuttingDown. Thread: any.
class Broker {
 public:
  virtual ~Broker() = default;

  // Errors: kUnknownTopic (details: nearest), kUnknownPartition, kShuttingDown. With automatic
  // topic creation switched on, a missing topic is created first; hence the Reply.
  virtual void OpenProduce(TopicPartition partition, Acks acks,
                           std::shared_ptr<const Origin> origin,
                           Reply<std::unique_ptr<ProduceSession>> reply) = 0;
  virtual void Append(AppendRequest request, Reply<AppendResult> reply) = 0;
  virtual void Fetch(FetchRequest request, Reply<FetchResult> reply) = 0;
  // The first answer of a session comes at once, perhaps without batches.
  virtual void OpenTail(TopicPartition partition, Offset from, std::size_t bytes_max,
                        Reply<std::unique_ptr<TailSession>> reply) = 0;
  virtual void ListOffsets(std::string topic, std::vector<OffsetQuery> queries,
                           Reply<std::vector<OffsetAnswer>> reply) = 0;
  // Which leader epoch began at which offset, oldest first, as far as the log still reaches.
  virtual void ListEpochs(TopicPartition partition, Reply<std::vector<EpochStart>> reply) = 0;
  virtual void InitProducer(Reply<ProducerIdentity> reply) = 0;

  virtual void CreateTopic(CreateTopicRequest request, Reply<TopicInfo> reply) = 0;
  virtual void DeleteTopic(std::string name, bool validate_only, Reply<Unit> reply) = 0;
  virtual void DescribeTopic(std::string name, Reply<TopicDescription> reply) = 0;
  virtual void ListTopics(PageRequest page, Reply<Page<TopicInfo>> reply) = 0;
  virtual void AlterTopicConfig(std::string name, ConfigChange change,
                                Reply<std::vector<ConfigEntry>> reply) = 0;
  // `before` -1: the high watermark. Answers the new log start offset.
  virtual void TrimPartition(TopicPartition partition, Offset before, bool validate_only,
                             Reply<Offset> reply) = 0;

  virtual void DescribeCluster(Reply<ClusterInfo> reply) = 0;
  virtual void ReadFigures(Reply<BrokerFigures> reply) = 0;
  // What the decision ring tells of the record at `offset`. Errors: kUnknownTopic,
  // kUnknownPartition, kOffsetOutOfRange, kNotFound (the ring has lost it, or is off).
  virtual void ExplainRecord(TopicPartition partition, Offset offset, Reply<RecordStory> reply) = 0;
  // What the partition's writer refused, the newest first; `limit` is 1 or more. Errors:
  // kUnknownTopic, kUnknownPartition, kNotFound (the ring is off).
  virtual void ListRefusals(TopicPartition partition, std::size_t limit,
                            Reply<RefusalList> reply) = 0;
  virtual void ListPartitions(PageRequest page, Reply<Page<PartitionInfo>> reply) = 0;
  virtual void GetConfig(std::vector<std::string> keys, Reply<std::vector<ConfigEntry>> reply) = 0;
  virtual void SetConfig(ConfigChange change, Reply<std::vector<ConfigEntry>> reply) = 0;
};

}  // namespace qalam
