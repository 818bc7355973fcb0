#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "broker/api/local_broker.h"
#include "broker/api/requests.h"
#include "broker/http/http_options.h"
#include "broker/metadata/controller.h"
#include "broker/rpc/rpc_server.h"
#include "common/result.h"

namespace qalam {

// Every setting of the broker, as the Options of what it sets. Nobody but broker/node reads
// configuration.
struct BrokerSettings {
  std::string data_directory = "/var/lib/qalam";
  std::optional<NodeId> node_id;
  std::vector<std::string> listeners = {"127.0.0.1:7420"};
  std::vector<std::string> http_listeners = {"127.0.0.1:7480"};
  bool http_wanted = false;         // Somebody set them: they must be had.
  std::string advertised_listener;  // Empty: the first listener.
  bool allow_insecure = false;      // Listen beyond loopback without TLS.
  bool unix_socket = true;
  std::string log_level = "info";
  std::string log_format = "text";
  std::chrono::milliseconds shutdown_timeout{30'000};
  std::int32_t default_replication_factor = 1;
  std::string retention_clock = "guard";
  ControllerOptions controller;  // With the defaults of topics.
  LocalBrokerOptions broker;
  RpcOptions rpc;
  std::string http_mode = "operator";
  std::string http_console_directory;  // Empty: the console in the program.
  HttpOptions http;
};

// One row of the table that parsing, --print-config, docs/reference/configuration.md, `config get`
// and the nearest-name hints all come from.
struct BrokerConfigKey {
  std::string_view key;
  std::string_view default_value;
  std::string_view type;       // As in TopicConfigKey.
  bool dynamic = false;        // May be changed while the broker runs.
  std::string_view topic_key;  // The topic setting that this is the default of, if it is one.
  std::string_view description;
};
std::span<const BrokerConfigKey> BrokerConfigKeys();

// A setting somebody wrote somewhere; a later one with the same key wins.
struct RawSetting {
  std::string key;
  std::string value;
  std::string source;    // For people: "/etc/qalam/qalam.toml:12:1", "QALAM_LOG_LEVEL", "--set".
  bool is_list = false;  // Written as one; `value` has its elements, separated by commas.
};

// Settings in force, with where each came from. Immutable. Thread: any.
class BrokerConfig {
 public:
  // `settings` in rising precedence; `dynamic` above them all. Errors: kInvalidConfig (an unknown
  // key, naming the nearest; a value that is not allowed, naming what is; with the source).
  static Result<BrokerConfig> Build(std::vector<RawSetting> settings,
                                    std::map<std::string, std::string> dynamic = {});

  const BrokerSettings& settings() const { return settings_; }
  const std::vector<RawSetting>& raw() const { return raw_; }
  const std::map<std::string, std::string>& dynamic() const { return dynamic_; }
  std::string Value(std::string_view key) const;   // Canonical text. The key must be in the table.
  std::string Source(std::string_view key) const;  // "default", "dynamic", or RawSetting::source.
  ConfigEntry Entry(const BrokerConfigKey& key) const;

 private:
  BrokerSettings settings_;
  std::vector<RawSetting> raw_;
  std::map<std::string, std::string> dynamic_;
  std::map<std::string, std::string, std::less<>> sources_;
};

// kInvalidConfig naming the nearest key. `where` is a RawSetting::source, or empty.
Error UnknownBrokerConfigKey(std::string_view key, std::string_view where);
const BrokerConfigKey* FindBrokerConfigKey(std::string_view key);  // Null: none.

}  // namespace qalam
