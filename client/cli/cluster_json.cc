#include "client/cli/cluster_json.h"

namespace qalam::cli {

using nlohmann::ordered_json;

ordered_json BrokerJson(const abi0::BrokerInfo& broker) {
  return {{"id", broker.id},
          {"address", broker.address},
          {"version", broker.version},
          {"started_ms", broker.started_ms},
          {"writer_threads", broker.writer_threads},
          {"log_bytes", broker.log_bytes},
          {"disk_free_bytes", broker.disk_free_bytes},
          {"resident_bytes", broker.resident_bytes},
          {"data_directory_id", broker.data_directory_id}};
}

ordered_json ClusterJson(const abi0::ClusterInfo& cluster) {
  ordered_json document = {{"cluster_id", cluster.cluster_id},
                           {"topics", cluster.topics_count},
                           {"partitions", cluster.partitions_count},
                           {"offline_partitions", cluster.offline_partitions_count},
                           {"problems", cluster.problems}};
  document["brokers"] = ordered_json::array();
  for (const auto& broker : cluster.brokers) document["brokers"].push_back(BrokerJson(broker));
  return document;
}

ordered_json ConfigEntryJson(const abi0::ConfigEntry& entry) {
  return {{"key", entry.key},
          {"value", entry.value},
          {"source", entry.source},
          {"dynamic", entry.dynamic},
          {"description", entry.description}};
}

}  // namespace qalam::cli
