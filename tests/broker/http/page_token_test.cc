#include "broker/http/page_token.h"

#include <gtest/gtest.h>

#include <limits>

namespace qalam {
namespace {

TEST(PageTokenTest, IsReadAsItWasWritten) {
  constexpr Offset kMost = std::numeric_limits<Offset>::max();
  for (const bool newest_first : {false, true}) {
    for (const std::vector<Offset>& offsets :
         {std::vector<Offset>{}, {0}, {127, 128, 300}, {kMost, 0, kMost - 1}}) {
      const PageToken token{newest_first, offsets};
      const std::string text = token.ToString();
      EXPECT_EQ(text.find_first_not_of(
                    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
                std::string::npos)
          << text;
      const auto read = PageToken::Parse(text);
      ASSERT_TRUE(read.ok()) << text;
      EXPECT_EQ(read->newest_first, newest_first);
      EXPECT_EQ(read->offsets, offsets);
    }
  }
}

TEST(PageTokenTest, AThousandPartitionsFitIntoAUrl) {
  PageToken token;
  token.offsets.assign(1000, Offset{1} << 40);
  EXPECT_LT(token.ToString().size(), 10'000u);
}

TEST(PageTokenTest, OtherTextIsRefused) {
  // Nothing; no base64; neither direction; a number that ends early; one that is too large.
  for (const char* const text : {"", "*", "eA", "YYA", "YYCAgICAgICAgIAB", "YQ==="}) {
    const auto read = PageToken::Parse(text);
    ASSERT_FALSE(read.ok()) << text;
    EXPECT_EQ(read.error().detail("field"), "page_token");
  }
}

}  // namespace
}  // namespace qalam
