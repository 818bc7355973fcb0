#pragma once

#include <string>

#include "broker/node/broker_config.h"
#include "qalam/smart_client.h"

namespace qalam::abi0 {

// The absolute path of a directory that a user named. INVALID_ARGUMENT: no name.
Result<std::string> DirectoryPath(const std::string& directory);

// The settings of the broker that this process has inside while it owns `path`. INVALID_CONFIG.
Result<qalam::BrokerConfig> DirectoryConfig(const std::string& path,
                                            const DirectoryOptions& options);

}  // namespace qalam::abi0
