#include "broker/metadata/topic_config.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace qalam {
namespace {

TEST(TopicConfigTest, EveryKeyIsInTheTableOnceWithItsDefaultInCanonicalForm) {
  std::set<std::string_view> seen;
  for (const TopicConfigKey& row : TopicConfigKeys()) {
    EXPECT_TRUE(seen.insert(row.key).second) << row.key;
    EXPECT_EQ(row.default_value, TopicConfigValue(TopicConfig{}, row.key));
    EXPECT_FALSE(row.description.empty()) << row.key;
    // The default must be allowed, and read back as itself.
    const auto applied =
        ApplyTopicConfig({}, {{std::string(row.key), std::string(row.default_value)}});
    ASSERT_TRUE(applied.ok()) << applied.error().message();
    EXPECT_EQ(TopicConfigValue(*applied, row.key), row.default_value);
  }
  EXPECT_EQ(seen.size(), 14u);
}

TEST(TopicConfigTest, UnitsAndPlainNumbersMeanTheSame) {
  const auto with_units = ApplyTopicConfig({}, {{"retention.ms", "7d"},
                                                {"segment.bytes", "10MiB"},
                                                {"segment.ms", "36h"},
                                                {"flush.ms", "250ms"}});
  ASSERT_TRUE(with_units.ok());
  EXPECT_EQ(with_units->retention_ms, 604'800'000);
  EXPECT_EQ(with_units->segment_bytes, 10u << 20);
  EXPECT_EQ(with_units->segment_ms, 129'600'000);
  EXPECT_EQ(with_units->flush_ms, 250);
  const auto plain =
      ApplyTopicConfig({}, {{"retention.ms", "604800000"}, {"segment.bytes", "10485760"}});
  ASSERT_TRUE(plain.ok());
  EXPECT_EQ(plain->retention_ms, with_units->retention_ms);
  EXPECT_EQ(plain->segment_bytes, with_units->segment_bytes);
}

TEST(TopicConfigTest, OverridesLieOverTheBase) {
  TopicConfig base;
  base.retention_ms = 5000;
  base.flush = FlushMode::kOs;
  const auto config = ApplyTopicConfig(base, {{"retention.ms", "-1"}});
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(config->retention_ms, -1);
  EXPECT_EQ(config->flush, FlushMode::kOs);
}

TEST(TopicConfigTest, AnUnknownKeyNamesTheNearest) {
  const auto config = ApplyTopicConfig({}, {{"retenton.ms", "1"}});
  ASSERT_FALSE(config.ok());
  EXPECT_EQ(config.error().code(), ErrorCode::kInvalidConfig);
  EXPECT_EQ(config.error().detail("nearest"), "retention.ms");
  EXPECT_NE(config.error().message().find("did you mean \"retention.ms\""), std::string::npos);
}

TEST(TopicConfigTest, KafkasFlushMessagesIsNotOursAndTheHintNamesQalamFlush) {
  const auto config = ApplyTopicConfig({}, {{"flush.messages", "1"}});
  ASSERT_FALSE(config.ok());
  EXPECT_NE(config.error().message().find("qalam.flush"), std::string::npos)
      << config.error().message();
}

TEST(TopicConfigTest, AValueThatIsNotAllowedSaysWhatIs) {
  struct Case {
    const char* key;
    const char* value;
    const char* said;
  };
  for (const Case& c : {Case{"qalam.flush", "never", "fsync, interval, os"},
                        Case{"message.timestamp.type", "createtime", "CreateTime, LogAppendTime"},
                        Case{"segment.bytes", "1", "at least 4096"},
                        Case{"segment.bytes", "4GiB", "at most 2147483647"},
                        Case{"retention.ms", "soon", "is not a duration"},
                        Case{"retention.ms", "-2", "at least -1"},
                        Case{"retention.ms", "99999999999999d", "too large"},
                        Case{"retention.bytes", "12 parsecs", "is not a size"},
                        Case{"min.insync.replicas", "0", "at least 1"},
                        Case{"max.message.bytes", "", "is not a size"}}) {
    const auto config = ApplyTopicConfig({}, {{c.key, c.value}});
    ASSERT_FALSE(config.ok()) << c.key << "=" << c.value;
    EXPECT_EQ(config.error().code(), ErrorCode::kInvalidConfig);
    EXPECT_EQ(config.error().detail("key"), c.key);
    EXPECT_NE(config.error().message().find(c.said), std::string::npos) << config.error().message();
  }
}

}  // namespace
}  // namespace qalam
