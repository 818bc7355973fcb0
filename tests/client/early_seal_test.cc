#include "client/early_seal.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace qalam::abi0 {
namespace {

TEST(EarlySealTest, LeavesAtOnceWhileNothingIsUnderWay) {
  EarlySeal seal;
  EXPECT_TRUE(seal.IsDue(0, 0, 1));
  EXPECT_TRUE(seal.IsDue(0, 0, 500));
}

TEST(EarlySealTest, AFewRecordsWaitForTheBatchUnderWay) {
  EarlySeal seal;
  ASSERT_TRUE(seal.IsDue(0, 0, 1));
  for (std::size_t gathered = 1; gathered < 16; ++gathered)
    EXPECT_FALSE(seal.IsDue(1, 1, gathered)) << gathered;
  EXPECT_TRUE(seal.IsDue(1, 1, 16));
}

TEST(EarlySealTest, HalfOfTheCrowdLeavesWhileTheOtherHalfIsUnderWay) {
  EarlySeal seal;
  EXPECT_FALSE(seal.IsDue(2, 20, 44)) << "64 wait";
  EXPECT_FALSE(seal.IsDue(1, 10, 31));
  EXPECT_TRUE(seal.IsDue(1, 10, 32));
}

TEST(EarlySealTest, NeverAThirdOne) {
  EarlySeal seal;
  EXPECT_FALSE(seal.IsDue(2, 2, 10'000));
}

TEST(EarlySealTest, ACrowdThatIsGoneIsForgotten) {
  EarlySeal seal;
  ASSERT_TRUE(seal.IsDue(0, 0, 1000));
  EXPECT_FALSE(seal.IsDue(1, 1, 20));
  for (int i = 0; i < 128; ++i) ASSERT_TRUE(seal.IsDue(0, 0, 1));
  EXPECT_TRUE(seal.IsDue(1, 1, 20));
}

// 64 callers, each with one record under way, and a broker that answers one batch after the other.
TEST(EarlySealTest, ACrowdOfCallersComesToTakeTurns) {
  EarlySeal seal;
  std::vector<std::size_t> under_way;
  std::size_t gathered = 0;
  std::size_t largest = 0;
  std::size_t smallest = 64;
  const auto offer = [&](std::size_t records) {
    for (std::size_t i = 0; i < records; ++i) {
      ++gathered;
      std::size_t sealed = 0;
      for (const std::size_t batch : under_way) sealed += batch;
      if (!seal.IsDue(under_way.size(), sealed, gathered)) continue;
      under_way.push_back(gathered);
      gathered = 0;
    }
  };
  offer(64);
  for (int answers = 0; answers < 200; ++answers) {
    ASSERT_FALSE(under_way.empty());
    const std::size_t answered = under_way.front();
    under_way.erase(under_way.begin());
    if (answers >= 100) {
      largest = std::max(largest, answered);
      smallest = std::min(smallest, answered);
    }
    offer(answered);
  }
  EXPECT_EQ(largest, 32u);
  EXPECT_EQ(smallest, 32u);
}

}  // namespace
}  // namespace qalam::abi0
