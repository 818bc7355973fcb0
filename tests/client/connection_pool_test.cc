#include "client/connection_pool.h"

#include <gtest/gtest.h>

namespace qalam::abi0 {
namespace {

TEST(ConnectionPoolTest, TakesHostPortAndUnixPaths) {
  for (const char* good :
       {"127.0.0.1:7420", "broker.example:1", "[::1]:7420", "unix:/run/q.sock"}) {
    EXPECT_TRUE(CheckAddress(good).ok()) << good;
  }
}

TEST(ConnectionPoolTest, RefusesWhatIsNoAddressAndNamesIt) {
  for (const char* bad : {"", "broker", "broker:", ":7420", "broker:0", "broker:65536", "broker:x",
                          "::1:7420", "unix:", "a b:7420"}) {
    const Status status = CheckAddress(bad);
    ASSERT_FALSE(status.ok()) << bad;
    EXPECT_EQ(status.error().code(), "INVALID_ARGUMENT");
    EXPECT_NE(status.error().message().find(bad), std::string::npos);
  }
}

TEST(ConnectionPoolTest, SplitsAtCommasAndSkipsEmptyParts) {
  EXPECT_EQ(SplitAddresses("a:1,b:2"), (std::vector<std::string>{"a:1", "b:2"}));
  EXPECT_EQ(SplitAddresses(",a:1,,"), (std::vector<std::string>{"a:1"}));
  EXPECT_TRUE(SplitAddresses("").empty());
}

TEST(ConnectionPoolTest, FavoursTheNextAddressOnceOneIsUnreachable) {
  ConnectionPool pool({"127.0.0.1:1", "127.0.0.1:2"}, std::chrono::milliseconds(100));
  EXPECT_EQ(pool.Any().address, "127.0.0.1:1");
  pool.ReportUnreachable("127.0.0.1:2");  // Not the one in favour: nothing changes.
  EXPECT_EQ(pool.Any().address, "127.0.0.1:1");
  pool.ReportUnreachable("127.0.0.1:1");
  EXPECT_EQ(pool.Any().address, "127.0.0.1:2");
  EXPECT_EQ(pool.Any().channel, pool.To("127.0.0.1:2").channel);
}

}  // namespace
}  // namespace qalam::abi0
