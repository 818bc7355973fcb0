#include "broker/node/config_text.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

#include "broker/node/config_sources.h"

namespace qalam {
namespace {

TEST(ConfigTextTest, TheReferenceInTheDocsIsTheTableInTheCode) {
  std::stringstream text;
  text << std::ifstream(CONFIG_REFERENCE).rdbuf();
  EXPECT_TRUE(text.str() == ConfigReference())
      << "write it anew: qalamd --print-config-reference > docs/reference/configuration.md";
}

TEST(ConfigTextTest, WhatIsPrintedReadsBackAsTheSameSettings) {
  const auto config = BrokerConfig::Build(
      {{"log.retention.ms", "1d", "a.toml:1:1"}, {"listeners", "127.0.0.1:1,[::1]:2", "--set"}});
  ASSERT_TRUE(config.ok());
  const std::string printed = PrintConfig(*config);
  EXPECT_NE(printed.find("log.retention.ms = \"86400000\""), std::string::npos) << printed;
  EXPECT_NE(printed.find("# a.toml:1:1"), std::string::npos);
  const auto settings = ParseToml(printed, "printed");
  ASSERT_TRUE(settings.ok()) << settings.error().message();
  EXPECT_EQ(settings->size(), BrokerConfigKeys().size());
  const auto again = BrokerConfig::Build(*settings);
  ASSERT_TRUE(again.ok()) << again.error().message();
  for (const BrokerConfigKey& key : BrokerConfigKeys()) {
    EXPECT_EQ(again->Value(key.key), config->Value(key.key)) << key.key;
  }
}

// A path may have anything in it; a control character in TOML must be escaped.
TEST(ConfigTextTest, ControlCharactersReadBackAndBeginNoLine) {
  const std::string path = "/var/lib/a\nb\t\"c\\\x01\x7f";
  const auto config = BrokerConfig::Build({{"qalam.data.dir", path, "evil\nname.toml:1:1"}});
  ASSERT_TRUE(config.ok());
  const auto settings = ParseToml(PrintConfig(*config), "printed");
  ASSERT_TRUE(settings.ok()) << settings.error().message();
  const auto again = BrokerConfig::Build(*settings);
  ASSERT_TRUE(again.ok()) << again.error().message();
  EXPECT_EQ(again->Value("qalam.data.dir"), path);
}

}  // namespace
}  // namespace qalam
