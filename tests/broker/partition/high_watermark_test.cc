#include "broker/partition/high_watermark.h"

#include <gtest/gtest.h>

#include "broker/partition/byte_budget.h"
#include "broker/partition/log_directory_state.h"

namespace qalam {
namespace {

TEST(HighWatermarkTest, WakesThoseBelowAndKeepsTheRest) {
  HighWatermark watermark;
  int low = 0;
  int high = 0;
  ASSERT_TRUE(watermark.Wait(0, [&] { ++low; }));
  ASSERT_TRUE(watermark.Wait(4, [&] { ++low; }));
  ASSERT_TRUE(watermark.Wait(5, [&] { ++high; }));
  EXPECT_TRUE(watermark.Raise(5));
  for (auto& wake : watermark.TakeWoken(10)) wake();
  EXPECT_EQ(low, 2);
  EXPECT_EQ(high, 0);
  EXPECT_FALSE(watermark.Wait(4, [] {}));  // Is there already.
  EXPECT_TRUE(watermark.Raise(6));
  for (auto& wake : watermark.TakeWoken(10)) wake();
  EXPECT_EQ(high, 1);
}

TEST(HighWatermarkTest, NeverFalls) {
  HighWatermark watermark;
  (void)watermark.Raise(7);
  (void)watermark.Raise(3);
  EXPECT_EQ(watermark.Load(), 7);
}

TEST(HighWatermarkTest, ACancelledWaiterIsNotWoken) {
  HighWatermark watermark;
  const auto kept = std::make_shared<int>(0);
  const auto ticket = watermark.Wait(0, [kept] { ++*kept; });
  ASSERT_TRUE(ticket);
  EXPECT_TRUE(watermark.Cancel(*ticket));
  EXPECT_EQ(kept.use_count(), 1);  // Let go of.
  EXPECT_FALSE(watermark.Cancel(*ticket));
  EXPECT_FALSE(watermark.Raise(5));
  EXPECT_TRUE(watermark.TakeWoken(10).empty());
}

TEST(HighWatermarkTest, ClosingWakesAllAndTakesNoMore) {
  HighWatermark watermark;
  ASSERT_TRUE(watermark.Wait(0, [] {}));
  ASSERT_TRUE(watermark.Wait(9, [] {}));
  EXPECT_EQ(watermark.Close().size(), 2u);
  EXPECT_FALSE(watermark.Wait(100, [] {}));
}

TEST(ByteBudgetTest, GivesBackWhatWasTakenAndTellsWhoWaits) {
  const auto budget = std::make_shared<ByteBudget>(100);
  auto first = budget->TryTake(60);
  ASSERT_TRUE(first);
  EXPECT_FALSE(budget->TryTake(41));
  int told = 0;
  budget->OnRoom(40, [&] { ++told; });
  EXPECT_EQ(told, 1);  // That would fit now.
  budget->OnRoom(41, [&] { ++told; });
  EXPECT_EQ(told, 1);
  first = {};
  EXPECT_EQ(told, 2);
  EXPECT_EQ(budget->used(), 0u);
}

TEST(ByteBudgetTest, LetsThroughAloneWhatIsLargerThanAllOfIt) {
  const auto budget = std::make_shared<ByteBudget>(100);
  auto large = budget->TryTake(1000);
  EXPECT_TRUE(large);
  EXPECT_FALSE(budget->TryTake(1));
  large = {};
  EXPECT_TRUE(budget->TryTake(1));
}

TEST(LogDirectoryStateTest, TheFirstFailureCountsAndIsToldOnce) {
  LogDirectoryState state;
  std::vector<std::string> told;
  state.OnFailure([&](const Error& error) { told.push_back(error.message()); });
  EXPECT_FALSE(state.failed());
  state.Fail(Error(ErrorCode::kIo, "one"));
  state.Fail(Error(ErrorCode::kIo, "two"));
  state.OnFailure([&](const Error& error) { told.push_back("late " + error.message()); });
  EXPECT_EQ(told, (std::vector<std::string>{"one", "late one"}));
  EXPECT_EQ(state.error().code(), ErrorCode::kLogFailed);
}

}  // namespace
}  // namespace qalam
