#include "broker/wire/json_request.h"

#include <gtest/gtest.h>

namespace qalam {
namespace {

TEST(JsonRequestTest, ATopicIsReadAsProto3JsonHasIt) {
  const auto request = CreateTopicFromJson(
      R"({"name": "orders", "partitionsCount": 12, "config": {"retention.ms": "7d"},
          "validateOnly": true})");
  ASSERT_TRUE(request.ok()) << request.error().ToString();
  EXPECT_EQ(request->name, "orders");
  EXPECT_EQ(request->partitions_count, 12);
  EXPECT_EQ(request->replication_factor, 0);
  EXPECT_EQ(request->config, (ConfigMap{{"retention.ms", "7d"}}));
  EXPECT_TRUE(request->validate_only);
  // The message's own names are right, too.
  EXPECT_EQ(CreateTopicFromJson(R"({"partitions_count": 3})")->partitions_count, 3);
  EXPECT_EQ(CreateTopicFromJson("")->name, "");
}

TEST(JsonRequestTest, ChangesAndTrims) {
  const auto change =
      ConfigChangeFromJson(R"({"set": {"a": "1"}, "unset": ["b", "c"], "validateOnly": true})");
  ASSERT_TRUE(change.ok());
  EXPECT_EQ(change->set, (ConfigMap{{"a", "1"}}));
  EXPECT_EQ(change->unset, (std::vector<std::string>{"b", "c"}));
  EXPECT_TRUE(change->validate_only);
  EXPECT_EQ(TrimFromJson(R"({"beforeOffset": "9007199254740993"})")->before_offset,
            9'007'199'254'740'993);
  EXPECT_EQ(TrimFromJson(R"({"beforeOffset": -1})")->before_offset, -1);
}

// The body, and what of its error names the mistake.
class BadJson : public testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(BadJson, IsRefusedWithTheFieldOrThePlace) {
  const auto& [text, wanted] = GetParam();
  const auto request = CreateTopicFromJson(text);
  ASSERT_FALSE(request.ok()) << text;
  EXPECT_EQ(request.error().code(), ErrorCode::kInvalidArgument);
  std::string said = request.error().ToString();
  if (const auto field = request.error().detail("field")) said += " field=" + std::string(*field);
  EXPECT_NE(said.find(wanted), std::string::npos) << said;
}

INSTANTIATE_TEST_SUITE_P(
    All, BadJson,
    testing::Values(
        std::pair("{\"name\": \"a\",\n \"config\": }", "line 2, column 12"),
        std::pair("{\"name\": \"a\"", "not JSON"), std::pair("{'name': 'a'}", "not JSON"),
        std::pair("{name: \"a\"}", "not JSON"), std::pair("{\"name\": \"a\",}", "not JSON"),
        std::pair("{\"name\": \"a\"} x", "not JSON"), std::pair("{\"name\": \"\xff\"}", "not JSON"),
        std::pair(R"({"name": "\ud800"})", "not JSON"), std::pair("[]", "not an object"),
        std::pair("7", "not an object"), std::pair("null", "not an object"),
        std::pair(R"({"name": "a", "name": "b"})", "\"name\" is there twice field=name"),
        std::pair(R"({"config": {"a": "1", "a": "2"}})", "\"a\" is there twice"),
        std::pair(R"({"partitionsCount": 1, "partitions_count": 2})", "by both its names"),
        std::pair(R"({"partitionCount": 1})",
                  "did you mean \"partitionsCount\"? field=partitionCount"),
        std::pair(R"({"other": 1})", "there are name, partitionsCount"),
        std::pair(R"({"partitionsCount": "x"})", "field=partitionsCount"),
        std::pair(R"({"partitionsCount": 1.5})", "field=partitionsCount"),
        std::pair(R"({"partitionsCount": 3000000000})", "field=partitionsCount"),
        std::pair(R"({"partitionsCount": {}})", "field=partitionsCount"),
        std::pair(R"({"validateOnly": 1})", "field=validateOnly"),
        std::pair(R"({"validateOnly": "true"})", "validateOnly: must be true or false"),
        std::pair(R"({"partitionsCount": 18446744073709551615})", "field=partitionsCount"),
        std::pair(R"({"config": "x"})", "field=config"),
        std::pair(R"({"config": {"a": 1}})", "field=config.a"),
        std::pair(R"({"config": {"a": {"b": "c"}}})", "nested deeper")));

TEST(JsonRequestTest, DeepNestingIsRefusedWithoutRecursion) {
  std::string deep = "{\"config\":";
  for (int i = 0; i < 30'000; ++i) deep += "[";
  const auto request = CreateTopicFromJson(deep);
  ASSERT_FALSE(request.ok());
  EXPECT_NE(request.error().message().find("nested deeper"), std::string::npos);
}

TEST(JsonRequestTest, WhatThePathSaysIsNotInTheBody) {
  for (const char* const text : {R"({"topic": "a"})", R"({"partition": 1})"}) {
    const auto trim = TrimFromJson(text);
    ASSERT_FALSE(trim.ok());
    EXPECT_NE(trim.error().message().find("in the path"), std::string::npos);
  }
  EXPECT_FALSE(ConfigChangeFromJson(R"({"name": "a"})").ok());
}

}  // namespace
}  // namespace qalam
