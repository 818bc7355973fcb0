#include "common/utf8.h"

#include <gtest/gtest.h>

namespace qalam {
namespace {

TEST(Utf8Test, IsWhatUnicodeAllows) {
  for (const std::string good :
       {"", "a", "\xc2\x80", "\xe0\xa0\x80", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"})
    EXPECT_TRUE(IsUtf8(good));
  for (const std::string bad :
       {"\x80", "\xc1\xbf", "\xc2", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xc2\x41"})
    EXPECT_FALSE(IsUtf8(bad));
}

TEST(Utf8Test, OtherBytesAreReplaced) {
  EXPECT_EQ(CleanUtf8("gr\xc3\xbc\xc3\x9f"), "gr\xc3\xbc\xc3\x9f");
  EXPECT_EQ(CleanUtf8("a\xff"
                      "b"),
            "a\xef\xbf\xbd"
            "b");
}

}  // namespace
}  // namespace qalam
