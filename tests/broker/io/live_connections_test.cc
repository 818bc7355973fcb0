#include "broker/io/live_connections.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <utility>

#include "tests/broker/io/socket_client.h"
#include "tests/support/manual_clock.h"

namespace qalam {
namespace {

std::pair<Socket, Socket> Pair() {
  int descriptors[2] = {-1, -1};
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, descriptors), 0);
  return {Socket(descriptors[0]), Socket(descriptors[1])};
}

TEST(LiveConnectionsTest, TheCapHoldsUntilAConnectionIsClosed) {
  ManualClock clock;
  LiveConnections live(2, clock);
  auto [a, b] = Pair();
  auto [c, d] = Pair();
  EXPECT_TRUE(live.Admit(a.get()));
  EXPECT_TRUE(live.Admit(b.get()));
  EXPECT_FALSE(live.Admit(c.get()));
  a.Close();
  clock.Advance(std::chrono::seconds(1));
  EXPECT_TRUE(live.Admit(c.get()));
  EXPECT_EQ(live.Count(), 2u);
  EXPECT_FALSE(live.Admit(d.get()));
}

TEST(LiveConnectionsTest, ANumberUsedAgainByAFileIsNotAConnection) {
  ManualClock clock;
  LiveConnections live(10, clock);
  auto [a, b] = Pair();
  ASSERT_TRUE(live.Admit(a.get()));
  const int number = a.get();
  a.Close();
  const int file = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ASSERT_EQ(file, number) << "the lowest free number is given out";
  EXPECT_EQ(live.Count(), 0u);
  ::close(file);
}

TEST(LiveConnectionsTest, ANumberUsedAgainByAConnectionCountsOnce) {
  ManualClock clock;
  LiveConnections live(1, clock);
  for (int i = 0; i < 5; ++i) {
    auto [a, b] = Pair();
    EXPECT_TRUE(live.Admit(a.get())) << i;
  }
}

TEST(LiveConnectionsTest, WhatIsNoSocketIsRefused) {
  LiveConnections live(10);
  EXPECT_FALSE(live.Admit(-1));
  const int file = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  EXPECT_FALSE(live.Admit(file));
  ::close(file);
}

}  // namespace
}  // namespace qalam
