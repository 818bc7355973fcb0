#include "common/nearest_name.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace qalam {
namespace {

constexpr std::array<std::string_view, 4> kNames = {"retention.ms", "retention.bytes",
                                                    "segment.bytes", "flush.ms"};

TEST(NearestNameTest, FindsTheSlipOfAFinger) {
  EXPECT_EQ(NearestName("retention.m", kNames), "retention.ms");     // Left out.
  EXPECT_EQ(NearestName("retentoin.ms", kNames), "retention.ms");    // Swapped.
  EXPECT_EQ(NearestName("segment.bites", kNames), "segment.bytes");  // Changed.
  EXPECT_EQ(NearestName("fllush.ms", kNames), "flush.ms");           // Doubled.
  EXPECT_EQ(NearestName("flush.ms", kNames), "flush.ms");
}

TEST(NearestNameTest, IsSilentWhenNothingIsNear) {
  EXPECT_EQ(NearestName("compression", kNames), "");
  EXPECT_EQ(NearestName("flush.ms", {}), "");
  EXPECT_EQ(NearestName(std::string(100000, 'x'), kNames), "");
}

}  // namespace
}  // namespace qalam
