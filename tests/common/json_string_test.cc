#include "common/json_string.h"

#include <gtest/gtest.h>

namespace qalam {
namespace {

TEST(JsonStringTest, EscapesWhatMustBeAndNothingElse) {
  const auto quoted = [](std::string_view text) {
    std::string out;
    AppendJsonQuoted(text, out);
    return out;
  };
  EXPECT_EQ(quoted(""), "\"\"");
  EXPECT_EQ(quoted("plain gr\xc3\xbc\xc3\x9f </script>"), "\"plain gr\xc3\xbc\xc3\x9f </script>\"");
  EXPECT_EQ(quoted("a\"b\\c\n\r\t"), "\"a\\\"b\\\\c\\n\\r\\t\"");
  EXPECT_EQ(quoted(std::string_view("\0\x1f\x0a\x7f", 4)), "\"\\u0000\\u001f\\n\x7f\"");
  // Also behind the first eight bytes, which are looked at together.
  EXPECT_EQ(quoted("12345678\x01"), "\"12345678\\u0001\"");
}

}  // namespace
}  // namespace qalam
