#include "common/units.h"

#include <gtest/gtest.h>

#include <limits>

namespace qalam {
namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

TEST(UnitsTest, ParsesSizes) {
  EXPECT_EQ(ParseSizeBytes("0").value(), 0);
  EXPECT_EQ(ParseSizeBytes("-1").value(), -1);
  EXPECT_EQ(ParseSizeBytes("4096").value(), 4096);
  EXPECT_EQ(ParseSizeBytes("10MiB").value(), 10 << 20);
  EXPECT_EQ(ParseSizeBytes("10m").value(), 10 << 20);
  EXPECT_EQ(ParseSizeBytes(" 64 KiB ").value(), 64 << 10);
  EXPECT_EQ(ParseSizeBytes("1GB").value(), 1'000'000'000);
  EXPECT_EQ(ParseSizeBytes("1GiB").value(), 1 << 30);
  EXPECT_EQ(ParseSizeBytes("2TiB").value(), std::int64_t{2} << 40);
  EXPECT_EQ(ParseSizeBytes(std::to_string(kMax)).value(), kMax);
}

TEST(UnitsTest, ParsesDurations) {
  EXPECT_EQ(ParseDurationMs("-1").value(), -1);
  EXPECT_EQ(ParseDurationMs("250").value(), 250);
  EXPECT_EQ(ParseDurationMs("5ms").value(), 5);
  EXPECT_EQ(ParseDurationMs("90s").value(), 90'000);
  EXPECT_EQ(ParseDurationMs("10m").value(), 600'000);
  EXPECT_EQ(ParseDurationMs("7d").value(), 604'800'000);
  EXPECT_EQ(ParseDurationMs("2w").value(), 1'209'600'000);
  EXPECT_EQ(ParseDurationMs("1h30m").value(), 5'400'000);
  EXPECT_EQ(ParseDurationMs("1d 2h 3min 4s 5ms").value(), 93'784'005);
}

TEST(UnitsTest, RefusesWhatIsNoNumberWithUnits) {
  for (const char* text : {"", " ", "x", "MiB", "1.5GiB", "1e6", "0x10", "+1", "--1", "10 MiBs",
                           "1KiB2", "1MiB512KiB", "1 0"}) {
    EXPECT_EQ(ParseSizeBytes(text).error().code(), ErrorCode::kInvalidArgument) << text;
  }
  for (const char* text :
       {"", "1y", "1m1h", "1h1h", "1h30", "30 1h", "-1h30m", "1h-30m", "1m1min"}) {
    EXPECT_EQ(ParseDurationMs(text).error().code(), ErrorCode::kInvalidArgument) << text;
  }
  for (const char* text : {"", "1k", "1 2", "b"}) EXPECT_FALSE(ParseInteger(text).ok()) << text;
}

TEST(UnitsTest, RefusesWhatOverflows) {
  for (const char* text : {"9223372036854775808", "8388608TiB", "9999999999999999999999"}) {
    const auto result = ParseSizeBytes(text);
    ASSERT_FALSE(result.ok()) << text;
    EXPECT_NE(result.error().message().find("too large"), std::string::npos);
  }
  EXPECT_FALSE(ParseDurationMs("106751991167d 7h 12min 56s").ok());
}

TEST(UnitsTest, WhatIsFormattedParsesToTheSame) {
  for (const std::int64_t value :
       {std::int64_t{0}, std::int64_t{-1}, std::int64_t{1}, std::int64_t{1500}, std::int64_t{1024},
        std::int64_t{10 << 20}, std::int64_t{1} << 40, std::int64_t{604'800'000}, kMax}) {
    EXPECT_EQ(ParseSizeBytes(FormatSize(value)).value(), value) << FormatSize(value);
    EXPECT_EQ(ParseDurationMs(FormatDuration(value)).value(), value) << FormatDuration(value);
  }
  EXPECT_EQ(FormatSize(10 << 20), "10 MiB");
  EXPECT_EQ(FormatSize(1500), "1500 B");
  EXPECT_EQ(FormatDuration(604'800'000), "7 d");
  EXPECT_EQ(FormatDuration(90'000), "90 s");
}

TEST(UnitsTest, ParsesFlags) {
  for (const char* text : {"true", "YES", "on", "1"}) EXPECT_TRUE(ParseBool(text).value()) << text;
  for (const char* text : {"false", "No", "off", "0"}) EXPECT_FALSE(ParseBool(text).value());
  EXPECT_FALSE(ParseBool("perhaps").ok());
}

}  // namespace
}  // namespace qalam
