#pragma once

#include <qalam/client.h>

#include <string>
#include <string_view>
#include <vector>

namespace qalam::cli {

struct Session;

// A setting of the client library that -X can give: Kafka's word where the meaning is the same.
struct ClientSetting {
  std::string_view name;
  std::string_view meaning;
  bool (*set)(Session& session, const std::string& value);  // False: not an allowed value.
};
const std::vector<ClientSetting>& ClientSettings();

// Applies "KEY=VALUE". INVALID_ARGUMENT, naming the nearest key where there is one.
abi0::Status ApplyClientSetting(const std::string& setting, Session& session);

}  // namespace qalam::cli
