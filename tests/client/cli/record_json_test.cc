#include "client/cli/record_json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "tests/client/cli/record_fixture.h"

namespace qalam::cli {
namespace {

std::string Json(const TestRecord::Spec& spec) {
  std::string out;
  AppendJsonRecord(TestRecord(spec).view(), out);
  return out;
}

TEST(RecordJsonTest, HasExactlyTheFieldsOfTheContractInOneLine) {
  EXPECT_EQ(Json({.key = "k", .value = "paid", .headers = {{"a", "1"}, {"a", {}}}}),
            R"({"topic":"orders","partition":3,"offset":42,"timestamp":1700000000123,)"
            R"("leader_epoch":7,"key":"k","value":"paid",)"
            R"("headers":[{"key":"a","value":"1"},{"key":"a","value":null}]})"
            "\n");
}

TEST(RecordJsonTest, NullStaysNullAndEmptyStaysEmpty) {
  const auto json = nlohmann::json::parse(Json({.value = ""}));
  EXPECT_TRUE(json.at("key").is_null());
  EXPECT_EQ(json.at("value"), "");
  EXPECT_EQ(json.at("headers"), nlohmann::json::array());
}

TEST(RecordJsonTest, BytesThatAreNotUtf8GoIntoBase64) {
  for (const std::string bytes :
       {"\xff\xfe", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "a\xe2\x82"}) {
    const auto json = nlohmann::json::parse(Json({.key = bytes, .value = bytes}));
    EXPECT_FALSE(json.contains("key"));
    EXPECT_FALSE(json.contains("value"));
    EXPECT_TRUE(json.contains("key_base64"));
    EXPECT_TRUE(json.contains("value_base64"));
  }
  const auto json = nlohmann::json::parse(Json({.value = "\xff\xfe"}));
  EXPECT_EQ(json.at("value_base64"), "//4=");
}

TEST(RecordJsonTest, ControlCharactersAndQuotesAreEscaped) {
  std::string all;
  for (int c = 0; c < 128; ++c) all.push_back(static_cast<char>(c));
  all += "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80";
  const std::string line = Json({.key = all, .value = all});
  EXPECT_EQ(line.find('\n'), line.size() - 1) << "one record, one line";
  const auto json = nlohmann::json::parse(line);
  EXPECT_EQ(json.at("key"), all);
  EXPECT_EQ(json.at("value"), all);
}

std::string RefusedLine(const std::string& line) {
  const auto record = ParseJsonRecord(line);
  EXPECT_FALSE(record.ok()) << line;
  return record.ok() ? "" : record.error().message();
}

TEST(RecordJsonTest, ReadsWhatPeopleWrite) {
  auto record = ParseJsonRecord(R"({"key":"k","value":"v","partition":2,"timestamp":17})");
  ASSERT_TRUE(record.ok());
  EXPECT_EQ(record->key, "k");
  EXPECT_EQ(record->value, "v");
  EXPECT_EQ(record->partition, 2);
  EXPECT_EQ(record->timestamp_ms, 17);
  record = ParseJsonRecord(R"({"value":{"id":1}})");
  ASSERT_TRUE(record.ok());
  EXPECT_EQ(record->value, R"({"id":1})");
  EXPECT_FALSE(record->key);
  record = ParseJsonRecord("{}");
  ASSERT_TRUE(record.ok());
  EXPECT_FALSE(record->value);
}

TEST(RecordJsonTest, WhatIsNoRecordIsRefused) {
  RefusedLine("");
  RefusedLine("[]");
  RefusedLine("\"text\"");
  RefusedLine("{\"value\":");
  RefusedLine("{\"value\":\"\xff\"}");
  EXPECT_NE(RefusedLine(R"({"value_base64":"*"})").find("value_base64"), std::string::npos);
  EXPECT_NE(RefusedLine(R"({"partition":-1})").find("partition"), std::string::npos);
  EXPECT_NE(RefusedLine(R"({"partition":2147483648})").find("partition"), std::string::npos);
  EXPECT_NE(RefusedLine(R"({"timestamp":"now"})").find("timestamp"), std::string::npos);
  EXPECT_NE(RefusedLine(R"({"headers":{}})").find("headers"), std::string::npos);
  EXPECT_NE(RefusedLine(R"({"headers":[{"value":"x"}]})").find("header"), std::string::npos);
  EXPECT_NE(RefusedLine(R"({"headers":[7]})").find("header"), std::string::npos);
  EXPECT_NE(RefusedLine(R"({"valeu":"x"})").find("did you mean \"value\"?"), std::string::npos);
  RefusedLine(R"({"headers":[{"key":"h","vaule":"x"}]})");
  for (const char* both :
       {R"({"value":"x","value_base64":"eA=="})", R"({"key":null,"key_base64":"eA=="})",
        R"({"headers":[{"key":"h","value":"x","value_base64":"eA=="}]})"})
    EXPECT_NE(RefusedLine(both).find("contradict"), std::string::npos);
}

TEST(RecordJsonTest, NestingIsBounded) {
  const auto nested = [](std::size_t depth) {
    return "{\"value\":" + std::string(depth, '[') + std::string(depth, ']') + "}";
  };
  EXPECT_TRUE(ParseJsonRecord(nested(100)).ok());
  EXPECT_FALSE(ParseJsonRecord(nested(1000)).ok());
  EXPECT_FALSE(ParseJsonRecord(nested(1'000'000)).ok());  // Would take all of the stack.
  // Brackets in text are none.
  EXPECT_TRUE(ParseJsonRecord("{\"value\":\"" + std::string(1000, '[') + "\\\"[\"}").ok());
}

TEST(RecordJsonTest, WhatIsWrittenIsReadBackTheSame) {
  std::mt19937 random(3);
  const auto bytes = [&]() -> std::optional<std::string> {
    if (random() % 4 == 0) return std::nullopt;
    std::string text(random() % 12, '\0');
    const int kind = static_cast<int>(random() % 3);
    for (char& c : text) {
      c = kind == 0 ? static_cast<char>(random())
                    : static_cast<char>(kind == 1 ? random() % 128 : 'a');
    }
    return text;
  };
  for (int i = 0; i < 2000; ++i) {
    TestRecord::Spec spec{
        .key = bytes(), .value = bytes(), .headers = {{"h", bytes()}, {"h", bytes()}}};
    const auto read = ParseJsonRecord(Json(spec));
    ASSERT_TRUE(read.ok()) << Json(spec);
    EXPECT_EQ(read->key, spec.key);
    EXPECT_EQ(read->value, spec.value);
    EXPECT_EQ(read->partition, spec.partition);
    EXPECT_EQ(read->timestamp_ms, spec.timestamp_ms);
    ASSERT_EQ(read->headers.size(), 2u);
    EXPECT_EQ(read->headers[1].value, spec.headers[1].second);
  }
}

}  // namespace
}  // namespace qalam::cli
