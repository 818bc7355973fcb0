#pragma once

#include <string>
#include <vector>

#include "broker/api/partition_host.h"
#include "broker/api/requests.h"

namespace qalam {

// What the API says of topics and partitions, made from what is hosted. Pure. Thread: any.
TopicInfo DescribeTopicImage(const TopicImage& image);
PartitionInfo DescribePartition(const PartitionHandle& handle, const PartitionImage& image,
                                MonotonicTime now);
// Says so when the partition's last appends were refused, a minute ago at most, for want of space.
std::optional<std::string> RecentRefusal(const PartitionHandle& handle, MonotonicTime now);
// "ok", or what is wrong with it.
std::string DescribeStatus(const PartitionHandle& handle, MonotonicTime now);
std::vector<ConfigEntry> DescribeTopicConfig(const TopicImage& image);
// kUnknownTopic, naming the nearest of `known`.
Error UnknownTopic(std::string_view name,
                   const std::vector<std::shared_ptr<const HostedTopic>>& known);

}  // namespace qalam
