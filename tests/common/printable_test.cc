#include "common/printable.h"

#include <gtest/gtest.h>

namespace qalam {
namespace {

TEST(PrintableTest, LeavesTextAlone) {
  EXPECT_EQ(Printable("a \"b\" \\ ~"), "a \"b\" \\ ~");
  EXPECT_EQ(Printable("\xc3\xa9 \xe2\x82\xac \xf0\x9f\x96\x8b"),
            "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x96\x8b");
}

TEST(PrintableTest, EscapesControlCharacters) {
  EXPECT_EQ(Printable("a\nb\t\x1b[0m\x7f"), "a\\x0ab\\x09\\x1b[0m\\x7f");
  EXPECT_EQ(Printable(std::string_view("\0", 1)), "\\x00");
  EXPECT_EQ(Printable("\xc2\x9b"), "\\xc2\\x9b");  // U+009B begins a terminal's command.
}

TEST(PrintableTest, EscapesWhatIsNotUtf8) {
  EXPECT_EQ(Printable("\xff"), "\\xff");
  EXPECT_EQ(Printable("\xc3"), "\\xc3");           // Cut off.
  EXPECT_EQ(Printable("\xc0\xaf"), "\\xc0\\xaf");  // Overlong.
  EXPECT_EQ(Printable("\xe0\x80\xaf"), "\\xe0\\x80\\xaf");
  EXPECT_EQ(Printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");           // A surrogate.
  EXPECT_EQ(Printable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");  // Behind U+10FFFF.
  EXPECT_EQ(Printable("\xe2\x82z"), "\\xe2\\x82z");
}

TEST(PrintableTest, QuotesAndCutsLongText) {
  EXPECT_EQ(Quoted("orders"), "\"orders\"");
  EXPECT_EQ(Quoted(""), "\"\"");
  EXPECT_EQ(Quoted(std::string(64, 'x')), "\"" + std::string(64, 'x') + "\"");
  EXPECT_EQ(Quoted(std::string(65, 'x')), "\"" + std::string(64, 'x') + "\"...");
  // A character of two bytes at the limit goes as a whole.
  EXPECT_EQ(Quoted(std::string(63, 'x') + "\xc3\xa9!"), "\"" + std::string(63, 'x') + "\"...");
}

}  // namespace
}  // namespace qalam
