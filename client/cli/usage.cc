#include "client/cli/usage.h"

namespace qalam::cli {

abi0::Error BadUsage(const std::string& message, const std::string& hint) {
  return abi0::Error(
      "INVALID_ARGUMENT", message, false,
      hint.empty() ? "qalam help shows every verb, qalam help VERB its options." : hint, {}, "");
}

std::optional<std::pair<std::string, std::string>> SplitSetting(const std::string& setting) {
  const std::size_t equals = setting.find('=');
  if (equals == std::string::npos || equals == 0) return std::nullopt;
  return std::pair(setting.substr(0, equals), setting.substr(equals + 1));
}

}  // namespace qalam::cli
