#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/partition/append_result.h"
#include "broker/partition/arrivals.h"
#include "common/bytes.h"
#include "common/clock.h"
#include "common/epoch_start.h"
#include "common/ids.h"
#include "common/reply.h"

// What a broker can do, once, in plain structs. Front ends (rpc, later kafka and http) only
// translate.
namespace qalam {

enum class Acks : std::uint8_t { kAll, kLeader, kNone };

// One batch of a Produce stream.
struct ProduceBatch {
  std::optional<Offset> expected_offset;
  SharedSlice batch;  // One RecordBatch v2, contiguous, unchecked.
  MonotonicTime received_at{};
  Reply<AppendResult> reply;  // From any thread. Order of calls is not the order of batches.
};

// One Produce stream: batches for one partition, in order. Thread: one at a time, except that
// replies come from any thread.
class ProduceSession {
 public:
  virtual ~ProduceSession() = default;  // Batches in flight are still written and answered.
  // Checks what needs no order (on this thread, or in a pool where that takes long), then hands the
  // batch to the partition's writer. False: it is being checked, or the writer's queue is full;
  // `batch` is untouched; try it again when OnRoom's callback came.
  // After a refusal, later batches get kPrecedingFailed until Restart().
  virtual bool TrySubmit(ProduceBatch& batch) = 0;
  virtual void OnRoom(UniqueFunction<void()> callback) = 0;
  virtual void Restart() = 0;
  // While a sync of the partition is under way, who brings the batches need not be woken for more:
  // `source` is asked when it has returned. False: it isn't, or never.
  virtual bool LookLater(std::shared_ptr<Arrivals::Source> /*source*/) { return false; }
};

struct PlainHeader {
  std::string key;
  std::optional<Bytes> value;
};
struct PlainRecord {
  std::optional<Bytes> key;
  std::optional<Bytes> value;
  std::vector<PlainHeader> headers;
  std::optional<TimestampMs> timestamp;
};
// Unary append: the broker encodes. The three producer fields: all or none.
struct AppendRequest {
  TopicPartition partition;
  std::vector<PlainRecord> records;
  Acks acks = Acks::kAll;
  std::optional<Offset> expected_offset;
  std::optional<ProducerId> producer_id;
  std::optional<std::int16_t> producer_epoch;
  std::optional<std::int32_t> base_sequence;
  std::shared_ptr<const Origin> origin;
  MonotonicTime received_at{};  // Zero: when the broker is asked.
  std::optional<MonotonicTime>
      deadline;  // Passed in the queue: dropped before the write, kTimedOut.
};

struct FetchRequest {
  TopicPartition partition;
  Offset offset = 0;
  std::size_t bytes_max = std::size_t{1} << 20;
  std::chrono::milliseconds wait_max{0};
};
struct FetchResult {
  std::vector<SharedSlice> batches;  // Whole batches as stored.
  Offset next_offset = 0;
  Offset high_watermark = 0;
  Offset log_start_offset = 0;
  Epoch leader_epoch = kNoEpoch;
};

// One Tail stream. Thread: one at a time, except Cancel (any).
class TailSession {
 public:
  virtual ~TailSession() = default;  // Cancels.
  // Answers, from a thread of the broker, as soon as there are batches to send from where the last
  // answer ended; parks until then. At most one question outstanding. An error ends the session.
  virtual void Next(Reply<FetchResult> reply) = 0;
  virtual void Cancel() = 0;  // A parked question is answered kCancelled.
};

struct OffsetQuery {
  enum class At { kTimestamp, kEarliest, kLatest, kMaxTimestamp };
  PartitionId partition = 0;
  At at = At::kLatest;
  TimestampMs timestamp = kNoTimestamp;
};
struct OffsetAnswer {
  PartitionId partition = 0;
  Offset offset = kNoOffset;
  TimestampMs timestamp = kNoTimestamp;
  Epoch leader_epoch = kNoEpoch;
  std::optional<Error> error;
};

struct ProducerIdentity {
  ProducerId producer_id = kNoProducerId;
  std::int16_t producer_epoch = 0;
};

using ConfigMap = std::map<std::string, std::string>;

struct ConfigEntry {
  enum class Source { kDefault, kBroker, kDynamic, kTopic };
  std::string key;
  std::string value;
  Source source = Source::kDefault;
  bool dynamic = false;
  std::string description;
};
struct ConfigChange {
  ConfigMap set;
  std::vector<std::string> unset;
  bool validate_only = false;
};

struct TopicInfo {
  std::string name;
  Uuid id;
  std::int32_t partitions_count = 0;
  std::int32_t replication_factor = 1;
  ConfigMap config;  // Only what was set on the topic.
};
struct CreateTopicRequest {
  std::string name;
  std::int32_t partitions_count = 0;    // 0: num.partitions.
  std::int32_t replication_factor = 0;  // 0: default.replication.factor.
  ConfigMap config;
  bool validate_only = false;
};
struct PartitionInfo {
  TopicPartition partition;
  NodeId leader = -1;
  Epoch leader_epoch = kNoEpoch;
  std::vector<NodeId> replicas;
  std::vector<NodeId> isr;
  Offset log_start_offset = 0;
  Offset high_watermark = 0;
  Offset log_end_offset = 0;
  Offset durable_offset = 0;
  std::int64_t size_bytes = 0;
  std::int32_t writer_thread = 0;
  std::int32_t segments_count = 0;
  std::string status = "ok";
};
struct TopicDescription {
  TopicInfo topic;
  std::vector<PartitionInfo> partitions;
  std::vector<ConfigEntry> config;  // Every key, with its value in force.
};
// Pages: `token` is opaque, empty for the first page and on the last answer.
struct PageRequest {
  std::string topic;  // ListPartitions: empty means all.
  std::int32_t size = 0;
  std::string token;
};
template <typename T>
struct Page {
  std::vector<T> items;
  std::string next_token;
};
struct BrokerInfo {
  NodeId id = 0;
  std::string address;
  std::string version;
  TimestampMs started_ms = 0;
  std::int32_t writer_threads = 0;
  std::int64_t log_bytes = 0;
  std::int64_t disk_free_bytes = 0;
  std::int64_t resident_bytes = 0;
  std::string data_directory_id;
};
struct ClusterInfo {
  std::string cluster_id;
  std::vector<BrokerInfo> brokers;
  std::int32_t topics_count = 0;
  std::int32_t partitions_count = 0;
  std::int32_t offline_partitions_count = 0;
  std::vector<std::string> problems;
};

}  // namespace qalam
