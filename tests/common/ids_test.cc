#include "common/ids.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace qalam {
namespace {

TEST(UuidTest, TextAndBackIsTheSame) {
  for (int i = 0; i < 1000; ++i) {
    const Uuid uuid = Uuid::Random();
    const std::string text = uuid.ToString();
    ASSERT_EQ(text.size(), 22u);
    ASSERT_NE(text.front(), '-');  // It could be taken for an option.
    ASSERT_EQ(Uuid::Parse(text).value(), uuid);
  }
}

TEST(UuidTest, IsWrittenAsKafkaWritesIt) {
  Uuid uuid;
  EXPECT_EQ(uuid.ToString(), "AAAAAAAAAAAAAAAAAAAAAA");
  EXPECT_TRUE(uuid.is_nil());
  uuid.bytes.back() = 1;  // Uuid.ONE_UUID
  EXPECT_EQ(uuid.ToString(), "AAAAAAAAAAAAAAAAAAAAAQ");
  uuid.bytes.fill(0xff);
  EXPECT_EQ(uuid.ToString(), "_____________________w");
}

TEST(UuidTest, RandomOnesAreOfVersionFourAndDiffer) {
  std::set<Uuid> seen;
  for (int i = 0; i < 100; ++i) {
    const Uuid uuid = Uuid::Random();
    EXPECT_EQ(uuid.bytes[6] >> 4, 4);
    EXPECT_EQ(uuid.bytes[8] >> 6, 2);
    EXPECT_TRUE(seen.insert(uuid).second);
  }
}

TEST(UuidTest, RefusesWhatItWouldNotWrite) {
  for (const char* text : {"", "AAAA", "AAAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAA=",
                           "AAAAAAAAAAAAAAAAAAAAAB", "AAAAAAAAAA+AAAAAAAAAAA"}) {
    EXPECT_EQ(Uuid::Parse(text).error().code(), ErrorCode::kInvalidArgument) << text;
  }
}

TEST(TopicNameTest, TakesWhatKafkaTakes) {
  for (const std::string& name :
       {std::string("orders"), std::string("a"), std::string("..."), std::string("A-z_0.9"),
        std::string("__internal"), std::string(249, 'x')}) {
    EXPECT_TRUE(ValidateTopicName(name).ok()) << name;
  }
}

TEST(TopicNameTest, RefusesPathsAndOtherTraps) {
  for (const std::string& name : {std::string(""), std::string("."), std::string(".."),
                                  std::string("a/b"), std::string("../etc"), std::string("a b"),
                                  std::string("a\0b", 3), std::string("caf\xc3\xa9"),
                                  std::string("a\n"), std::string("a:b"), std::string(250, 'x')}) {
    EXPECT_EQ(ValidateTopicName(name).error().code(), ErrorCode::kInvalidTopicName) << name;
  }
}

TEST(TopicNameTest, TheMessageIsSafeToPrint) {
  const std::string message = ValidateTopicName("a\x1b[2J\n").error().message();
  EXPECT_NE(message.find("\"a\\x1b[2J\\x0a\""), std::string::npos) << message;
  EXPECT_NE(message.find("position 1"), std::string::npos) << message;
}

TEST(TopicPartitionTest, IsWrittenAsItsDirectoryIsNamed) {
  EXPECT_EQ((TopicPartition{"orders-2", 7}.ToString()), "orders-2-7");
}

}  // namespace
}  // namespace qalam
