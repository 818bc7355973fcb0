#include "broker/node/broker_config.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "broker/node/config_sources.h"

namespace qalam {
namespace {

RawSetting Set(std::string key, std::string value, std::string source = "--set") {
  return {std::move(key), std::move(value), std::move(source)};
}

TEST(BrokerConfigTest, EveryKeyIsInTheTableOnceAndItsDefaultIsAllowed) {
  std::set<std::string> names;
  for (const BrokerConfigKey& row : BrokerConfigKeys()) {
    EXPECT_TRUE(names.insert(EnvironmentName(row.key)).second) << row.key;
    EXPECT_FALSE(row.description.empty()) << row.key;
    if (row.type == "text") continue;
    const auto config =
        BrokerConfig::Build({Set(std::string(row.key), std::string(row.default_value))});
    ASSERT_TRUE(config.ok()) << config.error().message();
    EXPECT_EQ(config->Value(row.key), row.default_value);
  }
}

TEST(BrokerConfigTest, ALaterSourceWins) {
  const auto config = BrokerConfig::Build(
      {Set("log.segment.bytes", "1MiB", "a.toml:1:1"), Set("num.partitions", "3", "a.toml:2:1"),
       Set("log.segment.bytes", "2MiB", "environment QALAM_LOG_SEGMENT_BYTES"),
       Set("log.segment.bytes", "4MiB", "--set")},
      {{"log.retention.ms", "1h"}});
  ASSERT_TRUE(config.ok()) << config.error().message();
  EXPECT_EQ(config->settings().controller.topic_defaults.segment_bytes, 4u << 20);
  EXPECT_EQ(config->Source("log.segment.bytes"), "--set");
  EXPECT_EQ(config->settings().controller.num_partitions, 3);
  EXPECT_EQ(config->Source("num.partitions"), "a.toml:2:1");
  EXPECT_EQ(config->Value("log.retention.ms"), "3600000");
  EXPECT_EQ(config->Source("log.retention.ms"), "dynamic");
  EXPECT_EQ(config->Source("node.id"), "default");
}

TEST(BrokerConfigTest, DynamicSettingsLieAboveTheCommandLine) {
  const auto config =
      BrokerConfig::Build({Set("log.retention.ms", "5s")}, {{"log.retention.ms", "9s"}});
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(config->settings().controller.topic_defaults.retention_ms, 9000);
}

TEST(BrokerConfigTest, AnUnknownKeyNamesTheNearestAndTheSource) {
  const auto config = BrokerConfig::Build({Set("log.segement.bytes", "1", "/etc/q.toml:3:1")});
  ASSERT_FALSE(config.ok());
  EXPECT_EQ(config.error().code(), ErrorCode::kInvalidConfig);
  EXPECT_EQ(config.error().detail("nearest"), "log.segment.bytes");
  EXPECT_NE(config.error().message().find("/etc/q.toml:3:1"), std::string::npos);
}

TEST(BrokerConfigTest, ATopicsKeyIsAnsweredWithTheBrokersKeyForIt) {
  const auto config = BrokerConfig::Build({Set("retention.ms", "1d")});
  ASSERT_FALSE(config.ok());
  EXPECT_EQ(config.error().detail("nearest"), "log.retention.ms");
}

TEST(BrokerConfigTest, TheFinerSpellingOfRetentionWins) {
  const auto hours = BrokerConfig::Build({Set("log.retention.hours", "2")});
  ASSERT_TRUE(hours.ok());
  EXPECT_EQ(hours->settings().controller.topic_defaults.retention_ms, 7'200'000);
  const auto both =
      BrokerConfig::Build({Set("log.retention.ms", "1000"), Set("log.retention.minutes", "1"),
                           Set("log.retention.hours", "2")});
  ASSERT_TRUE(both.ok());
  EXPECT_EQ(both->settings().controller.topic_defaults.retention_ms, 1000);
  const auto for_ever = BrokerConfig::Build({Set("log.retention.hours", "-1")});
  ASSERT_TRUE(for_ever.ok());
  EXPECT_EQ(for_ever->settings().controller.topic_defaults.retention_ms, -1);
}

TEST(BrokerConfigTest, ValuesThatAreNotAllowedAreRefusedEvenWhenOverridden) {
  const auto config = BrokerConfig::Build(
      {Set("num.partitions", "many", "q.toml:1:1"), Set("num.partitions", "2", "--set")});
  ASSERT_FALSE(config.ok());
  EXPECT_EQ(config.error().detail("key"), "num.partitions");
  EXPECT_NE(config.error().message().find("q.toml:1:1"), std::string::npos);
  for (const auto& [key, value] :
       std::vector<std::pair<std::string, std::string>>{{"num.partitions", "0"},
                                                        {"default.replication.factor", "3"},
                                                        {"auto.create.topics.enable", "maybe"},
                                                        {"qalam.flush", "sometimes"},
                                                        {"qalam.log.level", "chatty"},
                                                        {"listeners", "7420"},
                                                        {"listeners", ""},
                                                        {"listeners", "127.0.0.1:99999"},
                                                        {"node.id", "-1"}}) {
    const auto refused = BrokerConfig::Build({Set(key, value)});
    ASSERT_FALSE(refused.ok()) << key << "=" << value;
    EXPECT_EQ(refused.error().code(), ErrorCode::kInvalidConfig);
  }
}

TEST(BrokerConfigTest, MinInsyncReplicasAboveTheReplicationFactorIsRefused) {
  EXPECT_FALSE(BrokerConfig::Build({Set("min.insync.replicas", "2")}).ok());
}

TEST(BrokerConfigTest, AMessageMustFitIntoAGroup) {
  EXPECT_FALSE(BrokerConfig::Build({Set("message.max.bytes", "16MiB")}).ok());
  const auto config =
      BrokerConfig::Build({Set("message.max.bytes", "16MiB"), Set("qalam.group.bytes.max", "32MiB"),
                           Set("qalam.rpc.message.bytes.max", "64MiB")});
  ASSERT_TRUE(config.ok()) << config.error().message();
  EXPECT_EQ(config->settings().controller.message_bytes_max, 32u << 20);
}

TEST(BrokerConfigTest, OnlyLoopbackUnlessInsecureIsAllowed) {
  for (const char* address : {"0.0.0.0:7420", "[::]:7420", "10.1.2.3:1", "example.org:7420"}) {
    const auto refused = BrokerConfig::Build({Set("listeners", address)});
    ASSERT_FALSE(refused.ok()) << address;
    EXPECT_NE(refused.error().message().find("--allow-insecure"), std::string::npos);
    EXPECT_TRUE(
        BrokerConfig::Build({Set("listeners", address), Set("qalam.allow.insecure", "true")}).ok());
  }
  for (const char* address : {"127.0.0.1:0", "127.1.2.3:7420", "[::1]:7420", "localhost:7420"}) {
    EXPECT_TRUE(BrokerConfig::Build({Set("listeners", address)}).ok()) << address;
  }
}

TEST(ConfigSourcesTest, TablesDottedAndQuotedKeysFlattenToTheSameName) {
  const auto settings = ParseToml(R"(
node.id = 7
listeners = ["127.0.0.1:1", "[::1]:2"]
"log.segment.bytes" = "1MiB"
auto.create.topics.enable = true
[log.retention]
ms = 1000
[qalam]
flush = "os"
)",
                                  "q.toml");
  ASSERT_TRUE(settings.ok()) << settings.error().message();
  std::map<std::string, std::string> values;
  for (const RawSetting& setting : *settings) values[setting.key] = setting.value;
  EXPECT_EQ(values, (std::map<std::string, std::string>{{"node.id", "7"},
                                                        {"listeners", "127.0.0.1:1,[::1]:2"},
                                                        {"log.segment.bytes", "1MiB"},
                                                        {"auto.create.topics.enable", "true"},
                                                        {"log.retention.ms", "1000"},
                                                        {"qalam.flush", "os"}}));
  EXPECT_TRUE(BrokerConfig::Build(*settings).ok());
}

TEST(ConfigSourcesTest, AListOfOneIsNoSingleValue) {
  const auto settings = ParseToml("log.retention.ms = [1]\n", "q.toml");
  ASSERT_TRUE(settings.ok());
  const auto refused = BrokerConfig::Build(*settings);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().message(),
            "q.toml:1:20: log.retention.ms: takes one value, not a list");
}

TEST(ConfigSourcesTest, UnreadableTomlNamesLineAndColumn) {
  const auto settings = ParseToml("node.id = 1\nlisteners = [\"a\", \n  = 3\n", "q.toml");
  ASSERT_FALSE(settings.ok());
  EXPECT_EQ(settings.error().code(), ErrorCode::kInvalidConfigFile);
  EXPECT_EQ(settings.error().detail("line"), "3");
  EXPECT_NE(settings.error().message().find("q.toml:3:"), std::string::npos)
      << settings.error().message();
  EXPECT_NE(settings.error().detail("column"), std::nullopt);
}

TEST(ConfigSourcesTest, AKeySetTwiceInOneFileIsRefused) {
  const auto settings = ParseToml("log.segment.bytes = 1\n\"log.segment.bytes\" = 2\n", "q.toml");
  ASSERT_FALSE(settings.ok());
  EXPECT_EQ(settings.error().code(), ErrorCode::kInvalidConfigFile);
}

TEST(ConfigSourcesTest, ValuesThatAreNoSettingAreRefusedWithTheirPlace) {
  const auto settings = ParseToml("node.id = 1\nnum.partitions = 1.5\n", "q.toml");
  ASSERT_FALSE(settings.ok());
  EXPECT_NE(settings.error().message().find("q.toml:2:"), std::string::npos)
      << settings.error().message();
}

TEST(ConfigSourcesTest, AMissingFileIsAnErrorThatNamesIt) {
  const auto settings = ReadTomlFile("/nowhere/q.toml");
  ASSERT_FALSE(settings.ok());
  EXPECT_EQ(settings.error().code(), ErrorCode::kInvalidConfigFile);
  EXPECT_NE(settings.error().message().find("/nowhere/q.toml"), std::string::npos);
}

TEST(ConfigSourcesTest, EnvironmentVariablesAreSettings) {
  EXPECT_EQ(EnvironmentName("log.segment.bytes"), "QALAM_LOG_SEGMENT_BYTES");
  EXPECT_EQ(EnvironmentName("qalam.flush"), "QALAM_FLUSH");
  const auto settings = ReadEnvironment({{"PATH", "/bin"},
                                         {"QALAM_LOG_SEGMENT_BYTES", "1MiB"},
                                         {"QALAM_FLUSH", "os"},
                                         {"QALAM_TEST_BIN", "build/dev"},
                                         {"QALAM_TEST_SEED", "1"},
                                         {"QALAM_PROFILE", "x"},
                                         {"QALAM_BOOTSTRAP", "x"},
                                         {"QALAM_NO_INSTALL", "1"},
                                         {"QALAM_PORT", "tcp://10.0.0.1:7420"},
                                         {"QALAM_SERVICE_HOST", "10.0.0.1"},
                                         {"QALAM_PORT_7420_TCP_ADDR", "10.0.0.1"}});
  ASSERT_TRUE(settings.ok()) << settings.error().message();
  ASSERT_EQ(settings->size(), 2u);
  EXPECT_EQ((*settings)[0].key, "log.segment.bytes");
  EXPECT_EQ((*settings)[1].key, "qalam.flush");
}

TEST(ConfigSourcesTest, AVariableWithATypingErrorIsRefused) {
  const auto settings = ReadEnvironment({{"QALAM_LOG_SEGMENT_BYTE", "1MiB"}});
  ASSERT_FALSE(settings.ok());
  EXPECT_EQ(settings.error().detail("nearest"), "QALAM_LOG_SEGMENT_BYTES");
}

TEST(ConfigSourcesTest, ASettingIsKeyEqualsValue) {
  EXPECT_EQ(ParseSetting("a.b=c=d", "--set")->value, "c=d");
  EXPECT_FALSE(ParseSetting("a.b", "--set").ok());
  EXPECT_FALSE(ParseSetting("=x", "--set").ok());
}

}  // namespace
}  // namespace qalam
