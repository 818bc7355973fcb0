#pragma once

#include <qalam/client.h>
#include <nlohmann/json.hpp>

namespace qalam::cli {

// What `cluster info`, `broker list`, `config get` and the support archive have in common.
nlohmann::ordered_json BrokerJson(const abi0::BrokerInfo& broker);
nlohmann::ordered_json ClusterJson(const abi0::ClusterInfo& cluster);
nlohmann::ordered_json ConfigEntryJson(const abi0::ConfigEntry& entry);

}  // namespace qalam::cli
