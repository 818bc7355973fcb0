#include "common/one_shot_event.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace qalam {
namespace {

using Clock = std::chrono::steady_clock;

TEST(OneShotEventTest, WaitingEndsWhenItsTimeIsUp) {
  const OneShotEvent event;
  const auto end = Clock::now() + std::chrono::milliseconds(20);
  EXPECT_FALSE(event.WaitUntil(end));
  EXPECT_GE(Clock::now(), end);
  EXPECT_FALSE(event.WaitUntil(Clock::time_point::min())) << "long ago";
  EXPECT_FALSE(event.has_happened());
}

TEST(OneShotEventTest, NobodyWaitsForWhatHasHappened) {
  OneShotEvent event;
  event.Happen();
  EXPECT_TRUE(event.has_happened());
  EXPECT_TRUE(event.WaitUntil(Clock::time_point::min()));
  event.Wait();
}

TEST(OneShotEventTest, AllWhoWaitGoOnAndSeeWhatWasDoneBefore) {
  for (int round = 0; round < 200; ++round) {
    OneShotEvent event;
    int done = 0;
    std::atomic<int> seen{0};
    std::vector<std::thread> waiting;
    for (int i = 0; i < 4; ++i) {
      waiting.emplace_back([&, i] {
        if (i % 2 == 0) {
          event.Wait();
        } else {
          ASSERT_TRUE(event.WaitUntil(Clock::now() + std::chrono::minutes(1)));
        }
        seen += done;
      });
    }
    if (round % 2 == 0) std::this_thread::yield();
    done = 1;
    event.Happen();
    for (std::thread& thread : waiting) thread.join();
    ASSERT_EQ(seen, 4);
  }
}

}  // namespace
}  // namespace qalam
