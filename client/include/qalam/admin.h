#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "qalam/export.h"
#include "qalam/figures.h"
#include "qalam/options.h"
#include "qalam/record.h"
#include "qalam/result.h"
#include "qalam/story.h"

QALAM_BEGIN_NAMESPACE
class ClusterClient;  // Not public.

struct TopicSpec {
  std::string name;
  std::int32_t partitions_count = 0;    // 0: the broker's num.partitions.
  std::int32_t replication_factor = 0;  // 0: the broker's default.replication.factor.
  std::map<std::string, std::string> config;
};

struct TopicInfo {
  std::string name;
  std::string topic_id;  // UUID, 22 characters of base64url.
  std::int32_t partitions_count = 0;
  std::int32_t replication_factor = 0;
  std::map<std::string, std::string> config;  // Only what differs from the broker's defaults.
};

struct ConfigEntry {
  std::string key;
  std::string value;
  std::string source;    // "default", "broker", "dynamic" or "topic".
  bool dynamic = false;  // Can be changed while the broker runs.
  std::string description;
};

struct PartitionInfo {
  std::string topic;
  std::int32_t partition = 0;
  std::int32_t leader = -1;  // Broker id; -1: none.
  std::int32_t leader_epoch = -1;
  std::vector<std::int32_t> replicas;
  std::vector<std::int32_t> isr;
  std::int64_t log_start_offset = 0;
  std::int64_t high_watermark = 0;  // Everything below may be read.
  std::int64_t log_end_offset = 0;  // Everything below is written.
  std::int64_t durable_offset = 0;  // Everything below is synced.
  std::int64_t size_bytes = 0;
  std::int32_t writer_thread = 0;  // The writer thread that owns it.
  std::int32_t segments_count = 0;
  std::string status;  // "ok", or what is wrong.
};

struct TopicDescription {
  TopicInfo topic;
  std::vector<PartitionInfo> partitions;
  std::vector<ConfigEntry> config;  // Every key, with its value in force.
};

struct BrokerInfo {
  std::int32_t id = 0;
  std::string address;  // HOST:PORT for clients.
  std::string version;
  std::int64_t started_ms = 0;
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
  std::vector<std::string> problems;  // Empty when all is well.
};

struct OffsetQuery {
  std::int32_t partition = 0;
  From at = From::End();  // Start, End, Time, MaxTimestamp.
};

struct OffsetAnswer {
  std::int32_t partition = 0;
  std::int64_t offset = -1;
  std::int64_t timestamp_ms = -1;  // Of the record found; -1 for the ends.
  std::int32_t leader_epoch = -1;
  Status status;
};

enum class HealthState { kUnknown, kServing, kNotServing };

struct ConfigChange {
  std::map<std::string, std::string> set;
  std::vector<std::string> unset;  // Back to the default.
};

// Looks at and changes topics and brokers. Every call blocks, at most request_timeout of the
// client or what WithTimeout says, then TIMED_OUT. Calls that only read are tried again when the
// broker is unreachable; those that change something are sent once. Thread: any.
class QALAM_EXPORT Admin {
 public:
  Admin WithTimeout(std::chrono::milliseconds timeout) const;

  // Errors: TOPIC_EXISTS, TOPIC_NAME_CLASH, INVALID_TOPIC_NAME, INVALID_PARTITIONS,
  // INVALID_CONFIG.
  Result<TopicInfo> CreateTopic(const TopicSpec& spec, bool validate_only = false) const;
  Status DeleteTopic(const std::string& name, bool validate_only = false) const;
  Result<TopicDescription> DescribeTopic(const std::string& name) const;
  Result<std::vector<TopicInfo>> ListTopics() const;  // All pages.
  Result<std::vector<ConfigEntry>> AlterTopicConfig(const std::string& name,
                                                    const ConfigChange& change,
                                                    bool validate_only = false) const;
  // Deletes the records before `before_offset` for good; absent: before the high watermark.
  // Returns the new log start offset.
  Result<std::int64_t> Trim(const TopicPartition& partition,
                            std::optional<std::int64_t> before_offset,
                            bool validate_only = false) const;
  Result<std::vector<OffsetAnswer>> ListOffsets(const std::string& topic,
                                                const std::vector<OffsetQuery>& queries) const;
  // Of one topic, or of all with "". All pages.
  Result<std::vector<PartitionInfo>> ListPartitions(const std::string& topic = {}) const;
  Result<ClusterInfo> DescribeCluster() const;
  Result<std::vector<BrokerInfo>> ListBrokers() const;
  // Of the broker. No keys: all.
  Result<std::vector<ConfigEntry>> GetConfig(const std::vector<std::string>& keys = {}) const;
  Result<std::vector<ConfigEntry>> SetConfig(const ConfigChange& change,
                                             bool validate_only = false) const;
  // What the partition's writer decided about the record at `offset`, and how long each step took.
  // Errors: UNKNOWN_TOPIC, UNKNOWN_PARTITION, OFFSET_OUT_OF_RANGE, NOT_FOUND (not remembered).
  Result<RecordStory> ExplainRecord(const TopicPartition& partition, std::int64_t offset) const;
  // What the partition's writer refused lately, the newest first; 0: the newest 100.
  Result<RefusalList> ListRefusals(const TopicPartition& partition, std::int32_t limit = 0) const;
  Result<BrokerFigures> ReadFigures(bool writers_only = false) const;  // Without partitions.
  // The streams that clients have open now, at most `limit` of them: up to 10,000.
  Result<StreamList> ListStreams(std::int32_t limit = 1'000) const;
  // grpc.health.v1. "": the broker as a whole.
  Result<HealthState> Health(const std::string& service = {}) const;

 private:
  friend class Client;
  Admin(std::shared_ptr<ClusterClient> cluster, std::chrono::milliseconds timeout)
      : cluster_(std::move(cluster)), timeout_(timeout) {}
  std::shared_ptr<ClusterClient> cluster_;
  std::chrono::milliseconds timeout_;
};

QALAM_END_NAMESPACE
