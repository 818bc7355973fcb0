#include "client/retry_policy.h"

#include <gtest/gtest.h>

namespace qalam::abi0 {
namespace {

using std::chrono::milliseconds;

TEST(RetryPolicyTest, DoublesUpToTheMaximumWithinAFifth) {
  RetryPolicy retry({milliseconds(50), milliseconds(1000)}, 7);
  for (const int plain_ms : {50, 100, 200, 400, 800, 1000, 1000, 1000}) {
    const auto delay = retry.NextDelay();
    EXPECT_GE(delay, milliseconds(plain_ms) * 8 / 10);
    EXPECT_LE(delay, milliseconds(plain_ms) * 12 / 10);
  }
}

TEST(RetryPolicyTest, StartsOverAfterASuccess) {
  RetryPolicy retry({milliseconds(50), milliseconds(1000)}, 7);
  for (int i = 0; i < 40; ++i) (void)retry.NextDelay();
  EXPECT_EQ(retry.failures(), 40);
  retry.Reset();
  EXPECT_LE(retry.NextDelay(), milliseconds(60));
}

}  // namespace
}  // namespace qalam::abi0
