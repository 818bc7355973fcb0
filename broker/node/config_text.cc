#include "broker/node/config_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string_view>

#include "broker/metadata/topic_config.h"
#include "broker/node/config_sources.h"
#include "common/printable.h"
#include "common/units.h"

namespace qalam {
namespace {

// As a basic string of TOML.
std::string TomlString(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      quoted += fmt::format("\\u{:04x}", byte);
      continue;
    }
    if (c == '"' || c == '\\') quoted.push_back('\\');
    quoted.push_back(c);
  }
  return quoted + "\"";
}

// "604800000" as "604800000 (7 d)".
std::string WithUnits(std::string_view value, std::string_view type) {
  std::string shown = "`" + std::string(value) + "`";
  if (value.empty()) return "";
  std::int64_t number = 0;
  const auto [rest, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc() || number <= 0 || number == INT64_MAX) return shown;
  std::string pretty;
  if (type == "duration") pretty = FormatDuration(number);
  if (type == "size") pretty = FormatSize(number);
  if (pretty.empty() || pretty == std::string(value) + " ms" ||
      pretty == std::string(value) + " B") {
    return shown;
  }
  return shown + " (" + pretty + ")";
}

std::string InTable(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '|') escaped.push_back('\\');
    escaped.push_back(c);
  }
  return escaped;
}

}  // namespace

std::string PrintConfig(const BrokerConfig& config) {
  std::size_t width = 0;
  for (const BrokerConfigKey& key : BrokerConfigKeys()) {
    width = std::max(width, key.key.size() + config.Value(key.key).size());
  }
  constexpr std::size_t kWidthMax = 60;
  width = std::min(width, kWidthMax);
  std::string text;
  for (const BrokerConfigKey& key : BrokerConfigKeys()) {
    const std::string value = config.Value(key.key);
    std::string line = std::string(key.key) + " = " + TomlString(value);
    if (line.size() < width + 5) line.append(width + 5 - line.size(), ' ');
    text += line + "  # " + Printable(config.Source(key.key)) + "\n";
  }
  return text;
}

std::string ConfigReference() {
  std::string text =
      R"(# Configuration

Generated from the tables in the code by `qalamd --print-config-reference`; a test compares it.

Settings come, each over the one before, from: the defaults; `/etc/qalam/qalam.toml` and
`/etc/qalam/conf.d/*.toml` in the order of their names (or only the file of `--config`); the environment;
`--set key=value` and the options that are short for it; `qalam config set` (dynamic settings only, kept in
the metadata). In TOML, tables, dotted and quoted keys flatten to the same name. An unknown key stops the
start and names the nearest. `qalamd --print-config` shows every value and where it came from,
`qalamd --check-config` only checks.

Sizes take units (`10MiB`, `1GB`), durations too (`250ms`, `7d`); plain numbers are bytes and milliseconds.

## Broker

"Dynamic" settings can be changed while the broker runs: `qalam config set KEY=VALUE`, or in the file and
then SIGHUP.

| key | environment | default | type | dynamic | meaning |
|---|---|---|---|---|---|
)";
  for (const BrokerConfigKey& key : BrokerConfigKeys()) {
    text += "| `" + std::string(key.key) + "` | `" + EnvironmentName(key.key) + "` | " +
            WithUnits(key.default_value, key.type) + " | " + InTable(key.type) + " | " +
            (key.dynamic ? "yes" : "no") + " | " + InTable(key.description) + " |\n";
  }
  text += R"(
## Topic

Set with `qalam topic create NAME -c key=value` and `qalam topic alter NAME -c key=value`. The broker's key of
the third column is the default for topics that don't say.

| key | default | broker's key | type | meaning |
|---|---|---|---|---|
)";
  for (const TopicConfigKey& key : TopicConfigKeys()) {
    std::string broker_key;
    for (const BrokerConfigKey& candidate : BrokerConfigKeys()) {
      if (candidate.topic_key == key.key) broker_key = candidate.key;
    }
    text += "| `" + std::string(key.key) + "` | " + WithUnits(key.default_value, key.type) +
            " | `" + broker_key + "` | " + InTable(key.type) + " | " + InTable(key.description) +
            " |\n";
  }
  return text;
}

}  // namespace qalam
