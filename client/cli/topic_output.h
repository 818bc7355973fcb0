#pragma once

#include <qalam/client.h>
#include <nlohmann/json.hpp>

#include <vector>

#include "client/cli/output.h"

namespace qalam::cli {

// Of one partition, for `topic describe` and `partition list`; without the topic's name.
nlohmann::ordered_json PartitionJson(const abi0::PartitionInfo& partition);
nlohmann::ordered_json TopicJson(const abi0::TopicInfo& topic);
nlohmann::ordered_json DescriptionJson(const abi0::TopicDescription& description);

// A headline and a table of partitions; `wide`: the settings too.
void PrintDescription(const abi0::TopicDescription& description, bool wide);
// `with_topic`: a column for the topic's name.
void PrintPartitions(const std::vector<abi0::PartitionInfo>& partitions, bool with_topic,
                     bool wide);

}  // namespace qalam::cli
