#include "broker/node/listen_address.h"

#include <gtest/gtest.h>

namespace qalam {
namespace {

TEST(ListenAddressTest, ReadsHostsAndPortsAndWritesThemBack) {
  for (const char* text : {"127.0.0.1:7420", "localhost:0", "[::1]:65535", "example.org:80"}) {
    const auto address = ListenAddress::Parse(text);
    ASSERT_TRUE(address.ok()) << text;
    EXPECT_EQ(address->ToString(), text);
  }
  EXPECT_EQ(ListenAddress::Parse(":7420")->ToString(), "127.0.0.1:7420");
  EXPECT_EQ(ListenAddress::Parse(" 127.0.0.1:1 ")->ToString(), "127.0.0.1:1");
}

TEST(ListenAddressTest, WhatIsNoAddressIsRefused) {
  for (const char* text : {"", "7420", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:70000",
                           "::1:7420", "http://127.0.0.1:80", "127.0.0.1:-1"}) {
    EXPECT_FALSE(ListenAddress::Parse(text).ok()) << text;
  }
}

TEST(ListenAddressTest, KnowsWhatOnlyThisMachineReaches) {
  for (const char* text : {"127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "localhost:1"}) {
    EXPECT_TRUE(ListenAddress::Parse(text)->IsLoopback()) << text;
  }
  for (const char* text :
       {"0.0.0.0:1", "[::]:1", "10.0.0.1:1", "128.0.0.1:1", "host:1", "[::ffff:10.0.0.1]:1"}) {
    EXPECT_FALSE(ListenAddress::Parse(text)->IsLoopback()) << text;
  }
}

}  // namespace
}  // namespace qalam
