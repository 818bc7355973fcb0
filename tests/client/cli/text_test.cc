#include "client/cli/text.h"

#include <gtest/gtest.h>

#include "client/cli/pacer.h"
#include "client/cli/time_point.h"

namespace qalam::cli {
namespace {

TEST(TextTest, EscapesOfDelimiters) {
  EXPECT_EQ(*Unescape("\\x1e"), "\x1e");
  EXPECT_EQ(*Unescape("\\t"), "\t");
  EXPECT_EQ(*Unescape("a,b"), "a,b");
  EXPECT_FALSE(Unescape("\\").ok());
  EXPECT_FALSE(Unescape("\\x1").ok());
}

constexpr std::int64_t kNow = 1'767'323'045'678;  // 2026-01-02T03:04:05.678Z

TEST(TimePointTest, TimesAsPeopleWriteThem) {
  const auto time = [](const std::string& text) {
    const auto parsed = ParseTime(text, kNow);
    return parsed.ok() ? *parsed : -1;
  };
  EXPECT_EQ(time("2026-01-02T03:04:05Z"), kNow - 678);
  EXPECT_EQ(time("2026-01-02T03:04:05.678Z"), kNow);
  EXPECT_EQ(time("2026-01-02T03:04:05.678901Z"), kNow);
  EXPECT_EQ(time("2026-01-02T04:34:05.678+01:30"), kNow);
  EXPECT_EQ(time("2026-01-01T22:04:05.678-05:00"), kNow);
  EXPECT_EQ(time("2026-01-02"), kNow - 678 - (3 * 3600 + 4 * 60 + 5) * 1000);
  EXPECT_EQ(time("-15m"), kNow - 15 * 60'000);
  EXPECT_EQ(time("-1h30m"), kNow - 90 * 60'000);
  EXPECT_EQ(time("1700000000000"), 1'700'000'000'000);
  EXPECT_EQ(Rfc3339(kNow), "2026-01-02T03:04:05.678Z");
}

TEST(TimePointTest, OtherTextIsRefused) {
  for (const std::string bad :
       {"", "-", "-x", "yesterday", "2026-13-01", "2026-01-02T03:04", "2026-01-02T03:04:05+1",
        "2026-01-02T03:04:05 Z", "2026-01-02T03:04:05.Z+", "2026-01-02T25:00:00Z"})
    EXPECT_FALSE(ParseTime(bad, kNow).ok()) << bad;
}

TEST(TimePointTest, PlacesToReadFrom) {
  using Kind = abi0::From::Kind;
  const auto from = [](const std::string& text) { return ParseFrom(text, kNow); };
  EXPECT_EQ(from("start")->kind(), Kind::kStart);
  EXPECT_EQ(from("end")->kind(), Kind::kEnd);
  EXPECT_EQ(from("17")->kind(), Kind::kOffset);
  EXPECT_EQ(from("17")->number(), 17);
  EXPECT_EQ(from("-10")->kind(), Kind::kLast);
  EXPECT_EQ(from("-10")->number(), 10);
  EXPECT_EQ(from("@-15m")->kind(), Kind::kTime);
  EXPECT_EQ(from("@-15m")->number(), kNow - 15 * 60'000);
  for (const std::string bad :
       {"", "middle", "1.5", "@", "@x", "-9223372036854775808", "99999999999999999999"})
    EXPECT_FALSE(from(bad).ok()) << bad;
}

TEST(TimePointTest, PlacesToEndAt) {
  using Kind = abi0::Until::Kind;
  EXPECT_EQ(ParseUntil("end", kNow)->kind(), Kind::kEnd);
  EXPECT_EQ(ParseUntil("5", kNow)->kind(), Kind::kOffset);
  EXPECT_EQ(ParseUntil("@2026-01-02", kNow)->kind(), Kind::kTime);
  for (const std::string bad : {"", "start", "-1", "@"})
    EXPECT_FALSE(ParseUntil(bad, kNow).ok()) << bad;
}

TEST(TimePointTest, PartitionsBehindAColon) {
  EXPECT_TRUE(ParsePartitions("orders")->empty());
  const auto three = ParsePartitions("orders:0,2,11");
  ASSERT_TRUE(three.ok());
  EXPECT_EQ(*three,
            (std::vector<abi0::TopicPartition>{{"orders", 0}, {"orders", 2}, {"orders", 11}}));
  for (const std::string bad :
       {"orders:", "orders:x", "orders:-1", "orders:1,", "orders:2147483648"})
    EXPECT_FALSE(ParsePartitions(bad).ok()) << bad;
}

TEST(PacerTest, RatesAsPeopleWriteThem) {
  EXPECT_DOUBLE_EQ(*ParseRate("5k/s"), 5000);
  EXPECT_DOUBLE_EQ(*ParseRate("200/s"), 200);
  EXPECT_DOUBLE_EQ(*ParseRate("1M"), 1e6);
  EXPECT_DOUBLE_EQ(*ParseRate("0.5"), 0.5);
  for (const std::string bad : {"", "x", "0", "-5", "5 k", "5k/m", "inf", "nan", "/s"})
    EXPECT_FALSE(ParseRate(bad).ok()) << bad;
}

}  // namespace
}  // namespace qalam::cli
