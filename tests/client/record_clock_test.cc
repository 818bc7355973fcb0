#include "client/record_clock.h"

#include <gtest/gtest.h>

#include <chrono>

namespace qalam::abi0 {
namespace {

std::int64_t WallMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

TEST(RecordClockTest, IsNeverMoreThanAMillisecondLate) {
  RecordClock clock;
  const std::int64_t end = WallMs() + 50;
  while (true) {
    const std::int64_t before = WallMs();
    const std::int64_t read = clock.NowMs();
    ASSERT_GE(read, before - 1);
    ASSERT_LE(read, WallMs());
    if (before >= end) return;
  }
}

}  // namespace
}  // namespace qalam::abi0
