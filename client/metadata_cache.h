#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "common/mutex.h"
#include "qalam/record.h"

namespace qalam::abi0 {

// What this client remembers of the cluster: how many partitions topics have, and which broker said
// to lead a partition where that is not the one we would ask anyway. Wrong entries cost a round
// trip, no more. Thread: any.
class MetadataCache {
 public:
  std::optional<std::int32_t> partitions_count(const std::string& topic) const;
  void SetPartitionsCount(const std::string& topic, std::int32_t count);
  void ForgetTopic(const std::string& topic);

  std::optional<std::string> leader_address(const TopicPartition& partition) const;
  void SetLeaderAddress(const TopicPartition& partition, const std::string& address);
  void ForgetLeader(const TopicPartition& partition);

 private:
  mutable Mutex mutex_;
  std::map<std::string, std::int32_t> partitions_ QALAM_GUARDED_BY(mutex_);
  std::map<TopicPartition, std::string> leaders_ QALAM_GUARDED_BY(mutex_);
};

}  // namespace qalam::abi0
