#pragma once

#include <string>
#include <vector>

#include "broker/api/requests.h"

namespace qalam {

// The broker's own settings as the API shows and changes them; made real by node, which alone reads
// configuration. Thread: any.
class ConfigService {
 public:
  virtual ~ConfigService() = default;
  // Empty `keys`: all. Errors: kInvalidConfig (unknown key, naming the nearest).
  virtual Result<std::vector<ConfigEntry>> Get(const std::vector<std::string>& keys) const = 0;
  virtual void Set(ConfigChange change, Reply<std::vector<ConfigEntry>> reply) = 0;
};

}  // namespace qalam
