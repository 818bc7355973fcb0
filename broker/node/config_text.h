#pragma once

#include <string>

#include "broker/node/broker_config.h"

namespace qalam {

// `qalamd --print-config`: every setting as a line of TOML, its source as a comment.
std::string PrintConfig(const BrokerConfig& config);
// docs/reference/configuration.md, from the tables of the broker's and the topics' settings.
std::string ConfigReference();

}  // namespace qalam
