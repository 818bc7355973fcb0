#include <string>
#include <string_view>

#include "broker/metadata/topic_config.h"
#include "broker/node/broker_config.h"
#include "broker/node/config_sources.h"
#include "broker/node/config_text.h"
#include "broker/node/listen_address.h"
#include "broker/node/meta_properties.h"
#include "common/check.h"
#include "common/crc32c.h"
#include "common/ids.h"
#include "common/units.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/repair.h"

namespace qalam::fuzz {
namespace {

// What --print-config prints is a file that says the same.
void CheckPrinted(const BrokerConfig& config) {
  const auto printed = ParseToml(PrintConfig(config), "printed");
  QALAM_CHECK(printed.ok());
  const auto again = BrokerConfig::Build(*printed);
  QALAM_CHECK(again.ok());
  for (const BrokerConfigKey& key : BrokerConfigKeys()) {
    QALAM_CHECK(again->Value(key.key) == config.Value(key.key));
  }
}

void RunToml(std::string_view text) {
  auto settings = ParseToml(text, "qalam.toml");
  if (!settings.ok()) return;
  const auto config = BrokerConfig::Build(std::move(*settings));
  if (config.ok()) CheckPrinted(*config);
}

// Lines of key=value.
void RunSettings(std::string_view text) {
  std::vector<RawSetting> settings;
  std::map<std::string, std::string> topic;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    auto setting = ParseSetting(line, "--set");
    if (!setting.ok()) continue;
    topic[setting->key] = setting->value;
    (void)ReadEnvironment({{setting->key, setting->value}});
    settings.push_back(std::move(*setting));
  }
  const auto config = BrokerConfig::Build(std::move(settings));
  if (config.ok()) CheckPrinted(*config);
  const auto applied = ApplyTopicConfig({}, topic);
  if (!applied.ok()) return;
  std::map<std::string, std::string> canonical;
  for (const TopicConfigKey& key : TopicConfigKeys()) {
    canonical[std::string(key.key)] = TopicConfigValue(*applied, key.key);
  }
  const auto again = ApplyTopicConfig({}, canonical);
  QALAM_CHECK(again.ok());
  for (const auto& [key, value] : canonical) QALAM_CHECK(TopicConfigValue(*again, key) == value);
}

void RunScalars(std::string_view text) {
  if (const auto size = ParseSizeBytes(text); size.ok()) {
    const auto again = ParseSizeBytes(FormatSize(*size));
    QALAM_CHECK(again.ok() && *again == *size);
  }
  if (const auto duration = ParseDurationMs(text); duration.ok()) {
    const auto again = ParseDurationMs(FormatDuration(*duration));
    QALAM_CHECK(again.ok() && *again == *duration);
  }
  (void)ParseInteger(text);
  (void)ParseBool(text);
  if (const auto id = Uuid::Parse(text); id.ok()) QALAM_CHECK(id->ToString() == text);
  if (ValidateTopicName(text).ok()) {
    QALAM_CHECK(!text.empty() && text.size() <= 249 && text != "." && text != "..");
    QALAM_CHECK(text.find('/') == std::string_view::npos);
  }
  if (const auto address = ListenAddress::Parse(text); address.ok()) {
    (void)address->IsLoopback();
    const auto again = ListenAddress::Parse(address->ToString());
    QALAM_CHECK(again.ok() && again->host == address->host && again->port == address->port);
  }
}

void RunMeta(std::string_view text) {
  const auto meta = MetaProperties::Parse(text, "meta.properties");
  if (!meta.ok()) return;
  const auto again = MetaProperties::Parse(meta->ToText(), "meta.properties");
  QALAM_CHECK(again.ok() && again->ToText() == meta->ToText());
}

// kind u8 | text
void RunConfig(BytesView input) {
  FuzzInput in(input);
  const std::uint8_t kind = in.Byte();
  const std::string_view text = AsText(in.Rest());
  if (kind % 5 < 2) RunToml(text);
  if (kind % 5 == 2) RunSettings(text);
  if (kind % 5 == 3) RunScalars(text);
  if (kind % 5 == 4) RunMeta(text);
}

// The checksum of a meta.properties.
void RepairConfigInput(std::span<std::byte> input, std::uint64_t /*random*/) {
  constexpr std::string_view kCrc = "crc32c=";
  if (input.empty() || static_cast<int>(input[0]) % 5 != 4) return;
  const auto text = input.subspan(1);
  const std::size_t at = AsText(text).rfind(kCrc);
  if (at != std::string_view::npos) {
    PutHex(Crc32c(text.first(at)), text.subspan(at + kCrc.size()));
  }
}

}  // namespace

const FuzzTarget kConfigTarget = {"config", RunConfig, RepairConfigInput};

}  // namespace qalam::fuzz
