#include "client/embedded/directory_config.h"

#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "client/wire_error.h"

namespace qalam::abi0 {

Result<std::string> DirectoryPath(const std::string& directory) {
  std::error_code failed;
  std::string path = std::filesystem::absolute(directory, failed).lexically_normal().string();
  if (directory.empty() || failed) return Error("INVALID_ARGUMENT", "no directory is named");
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

Result<qalam::BrokerConfig> DirectoryConfig(const std::string& path,
                                            const DirectoryOptions& options) {
  // A library says only what a person must know.
  std::vector<qalam::RawSetting> settings = {{"qalam.log.level", "warn", "SmartClient::Open"}};
  for (const auto& [key, value] : options.settings) {
    settings.push_back({key, value, "DirectoryOptions::settings"});
  }
  std::string listeners;
  for (const std::string& address : options.listeners) {
    listeners += (listeners.empty() ? "" : ",") + address;
  }
  if (!listeners.empty()) {
    settings.push_back({"listeners", listeners, "DirectoryOptions::listeners"});
  }
  settings.push_back({"qalam.data.dir", path, "SmartClient::Open"});
  // What proxies come by, and our own calls of Admin.
  settings.push_back({"qalam.unix.socket", "true", "SmartClient::Open"});
  auto config = qalam::BrokerConfig::Build(std::move(settings));
  if (!config.ok()) return ErrorFromCore(config.error());
  return std::move(config).value();
}

}  // namespace qalam::abi0
