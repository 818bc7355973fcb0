#include "tests/qa/checker/went_back.h"

#include <gtest/gtest.h>

namespace qalam::qa {
namespace {

TEST(WentBackTest, ALowerLevelAskedForAfterAHigherWasAnsweredIsFound) {
  const auto found = FindWentBack({{1, 5, 7, 10}, {2, 3, 6, 11}}, {{6, 9, 5, 20}, {8, 9, 7, 21}});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].before.line, 10U);
  EXPECT_EQ(found[0].after.line, 20U);
}

TEST(WentBackTest, LevelsThatOverlapInTimeMayBeInAnyOrder) {
  EXPECT_TRUE(FindWentBack({{1, 5, 7, 10}}, {{4, 9, 5, 20}}).empty());
  EXPECT_TRUE(FindWentBack({{1, 5, 7, 10}}, {{5, 9, 5, 20}}).empty());
  EXPECT_EQ(FindWentBack({{1, 5, 7, 10}}, {{6, 9, 5, 20}}).size(), 1U);
}

TEST(WentBackTest, EqualIsNotBack) {
  EXPECT_TRUE(FindWentBack({{1, 2, 7, 10}}, {{3, 4, 7, 20}}).empty());
  EXPECT_TRUE(FindWentBack({}, {{3, 4, 7, 20}}).empty());
}

}  // namespace
}  // namespace qalam::qa
