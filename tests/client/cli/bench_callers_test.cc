#include "client/cli/bench_callers.h"

#include <gtest/gtest.h>

namespace qalam::cli {
namespace {

TEST(BenchCallersTest, SharesAddUpAndDifferByOneAtMost) {
  for (const std::uint64_t records : {0u, 1u, 63u, 64u, 65u, 1'000u}) {
    std::uint64_t sum = 0;
    for (std::uint64_t caller = 0; caller < 64; ++caller) {
      const std::uint64_t share = ShareOf(records, caller, 64);
      EXPECT_GE(share, records / 64);
      EXPECT_LE(share, records / 64 + 1);
      sum += share;
    }
    EXPECT_EQ(sum, records);
  }
}

}  // namespace
}  // namespace qalam::cli
