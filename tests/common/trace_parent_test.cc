#include "common/trace_parent.h"

#include <gtest/gtest.h>

namespace qalam {
namespace {

constexpr const char* kGood = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TEST(TraceParentTest, WhatIsReadIsWrittenTheSame) {
  const auto trace = TraceParent::Parse(kGood);
  ASSERT_TRUE(trace);
  EXPECT_EQ(trace->trace_id[0], 0x4b);
  EXPECT_EQ(trace->parent_id[7], 0xb7);
  EXPECT_EQ(trace->flags, 1);
  EXPECT_EQ(trace->ToString(), kGood);
}

TEST(TraceParentTest, OfALaterVersionWhatIsKnownIsTaken) {
  const std::string text = "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  EXPECT_TRUE(TraceParent::Parse(text));
  const auto longer = TraceParent::Parse(text + "-more");
  ASSERT_TRUE(longer);
  EXPECT_EQ(longer->ToString(), text);
}

TEST(TraceParentTest, AnythingElseIsNone) {
  for (const char* const bad : {"", "00", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
                                "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-",
                                "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
                                "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                                "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                                "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
                                "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                                "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01more",
                                "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01"}) {
    EXPECT_FALSE(TraceParent::Parse(bad)) << bad;
  }
}

}  // namespace
}  // namespace qalam
