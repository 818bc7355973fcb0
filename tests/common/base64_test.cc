#include "common/base64.h"

#include <gtest/gtest.h>

namespace qalam {
namespace {

TEST(Base64Test, BothWays) {
  for (const auto& [plain, coded] : {std::pair<std::string, std::string>{"", ""},
                                     {"f", "Zg=="},
                                     {"fo", "Zm8="},
                                     {"foo", "Zm9v"},
                                     {"foobar", "Zm9vYmFy"},
                                     {"\xff\xfe\xfd", "//79"}}) {
    EXPECT_EQ(Base64(plain), coded);
    EXPECT_EQ(FromBase64(coded), plain);
  }
  for (const std::string bad : {"Zg", "Zg=", "Z===", "Zm8*", "====", "Zg==Zg=="})
    EXPECT_FALSE(FromBase64(bad)) << bad;
}

}  // namespace
}  // namespace qalam
