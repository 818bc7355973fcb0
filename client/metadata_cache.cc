#include "client/metadata_cache.h"

namespace qalam::abi0 {

std::optional<std::int32_t> MetadataCache::partitions_count(const std::string& topic) const {
  MutexLock lock(mutex_);
  const auto found = partitions_.find(topic);
  if (found == partitions_.end()) return std::nullopt;
  return found->second;
}

void MetadataCache::SetPartitionsCount(const std::string& topic, std::int32_t count) {
  MutexLock lock(mutex_);
  partitions_[topic] = count;
}

void MetadataCache::ForgetTopic(const std::string& topic) {
  MutexLock lock(mutex_);
  partitions_.erase(topic);
}

std::optional<std::string> MetadataCache::leader_address(const TopicPartition& partition) const {
  MutexLock lock(mutex_);
  const auto found = leaders_.find(partition);
  if (found == leaders_.end()) return std::nullopt;
  return found->second;
}

void MetadataCache::SetLeaderAddress(const TopicPartition& partition, const std::string& address) {
  MutexLock lock(mutex_);
  leaders_[partition] = address;
}

void MetadataCache::ForgetLeader(const TopicPartition& partition) {
  MutexLock lock(mutex_);
  leaders_.erase(partition);
}

}  // namespace qalam::abi0
