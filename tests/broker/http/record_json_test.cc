#include "broker/http/record_json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "broker/http/record_match.h"
#include "common/record/batch_builder.h"

namespace qalam {
namespace {

// A batch of one record, and that record.
class OneRecord {
 public:
  OneRecord(const std::optional<std::string_view>& key,
            const std::optional<std::string_view>& value,
            const std::vector<HeaderInput>& headers = {}) {
    BatchBuilder builder;
    builder.Add(1'700'000'000'123, key ? std::optional(AsBytes(*key)) : std::nullopt,
                value ? std::optional(AsBytes(*value)) : std::nullopt, headers);
    batch_ = builder.Finish({});
    const BatchSpan span = **BatchCursor(batch_).Next();
    record_ = **RecordCursor(span.header, span.records()).Next();
    record_.offset = 12;
  }
  const RecordView& view() const { return record_; }
  nlohmann::json Json(std::size_t bytes_max = kRecordPreviewBytes) const {
    std::string text;
    AppendRecordJson({"orders", 3, 7}, record_, bytes_max, text);
    return nlohmann::json::parse(text);
  }

 private:
  Bytes batch_;
  RecordView record_;
};

TEST(RecordJsonTest, ARecordIsWhatTheCommandLineWritesAndItsSize) {
  const OneRecord record("k\"1", "gr\xc3\xbc\xc3\x9f\n", {{"trace", AsBytes("abc")}, {"none", {}}});
  EXPECT_EQ(record.Json(), nlohmann::json::parse(R"({
    "topic": "orders", "partition": 3, "offset": "12", "timestamp": "1700000000123",
    "leader_epoch": 7, "key": "k\"1", "value": "grüß\n", "value_bytes": 7, "truncated": false,
    "headers": [{"key": "trace", "value": "abc"}, {"key": "none", "value": null}]})"));
}

TEST(RecordJsonTest, NullStaysNullAndOtherBytesAreBase64) {
  const OneRecord record(std::nullopt, "\xff\xfe\xfd", {{"\xff", AsBytes("\xff")}});
  const auto json = record.Json();
  EXPECT_TRUE(json["key"].is_null());
  EXPECT_FALSE(json.contains("value"));
  EXPECT_EQ(json["value_base64"], "//79");
  EXPECT_EQ(json["headers"][0]["key"], "\xef\xbf\xbd");
  EXPECT_EQ(json["headers"][0]["value_base64"], "/w==");
  const auto null = OneRecord("k", std::nullopt).Json();
  EXPECT_TRUE(null["value"].is_null());
  EXPECT_EQ(null["value_bytes"], 0);
}

TEST(RecordJsonTest, WhatIsLongIsCutBetweenCharacters) {
  const auto json = OneRecord("k", "123\xe2\x82\xac\xe2\x82\xac").Json(5);
  EXPECT_EQ(json["value"], "123");
  EXPECT_EQ(json["value_bytes"], 9);
  EXPECT_EQ(json["truncated"], true);
  const auto bytes = OneRecord("k", "\xff\xff\xff\xff\xff\xff").Json(3);
  EXPECT_EQ(bytes["value_base64"], "////");
  EXPECT_EQ(bytes["truncated"], true);
  EXPECT_EQ(OneRecord("123456", "v").Json(6)["truncated"], false);
  EXPECT_EQ(OneRecord("1234567", "v").Json(6)["truncated"], true);
}

TEST(RecordJsonTest, HeadersTogetherAreBounded) {
  const auto json =
      OneRecord("k", "v", {{"a", AsBytes("12")}, {"b", AsBytes("34")}, {"c", AsBytes("56")}})
          .Json(6);
  EXPECT_EQ(json["headers"].size(), 2u);
  EXPECT_EQ(json["truncated"], true);
}

TEST(RecordMatchTest, AllThatIsAskedForMustBeThere) {
  const OneRecord record("customer-7", "paid 12 EUR", {{"trace", AsBytes("abc")}});
  const auto matches = [&](const std::string& contains, const std::string& key) {
    return RecordMatch{contains, key}.Matches(record.view());
  };
  EXPECT_TRUE(matches("", ""));
  EXPECT_TRUE(matches("12 E", ""));
  EXPECT_TRUE(matches("mer-", ""));
  EXPECT_TRUE(matches("rac", ""));
  EXPECT_TRUE(matches("abc", ""));
  EXPECT_FALSE(matches("paid.*EUR", ""));
  EXPECT_TRUE(matches("", "-7"));
  EXPECT_FALSE(matches("", "paid"));
  EXPECT_TRUE(matches("paid", "customer"));
  EXPECT_FALSE(matches("unpaid", "customer"));
}

TEST(RecordMatchTest, NullHasNothingInIt) {
  const OneRecord record(std::nullopt, std::nullopt);
  EXPECT_TRUE((RecordMatch{"", ""}.Matches(record.view())));
  EXPECT_FALSE((RecordMatch{"a", ""}.Matches(record.view())));
  EXPECT_FALSE((RecordMatch{"", "a"}.Matches(record.view())));
}

}  // namespace
}  // namespace qalam
