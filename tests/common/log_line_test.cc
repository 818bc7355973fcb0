#include "common/log_line.h"

#include <gtest/gtest.h>

#include <string>

namespace qalam {
namespace {

// "key:value;..."
std::string Fields(std::string_view message, std::size_t fields_max = 16) {
  std::string text;
  for (const auto& [name, value] : FieldsOf(message, fields_max)) {
    text += std::string(name) + ":" + std::string(value) + ";";
  }
  return text;
}

TEST(LogLineTest, PairsComeInTheirOrder) {
  EXPECT_EQ(Fields("segment rolled dir=/d/a base=42"), "dir:/d/a;base:42;");
  EXPECT_EQ(Fields("base=42"), "base:42;");
  EXPECT_EQ(Fields("nothing to see"), "");
  EXPECT_EQ(Fields(""), "");
}

TEST(LogLineTest, AValueEndsBeforeTheNextKeyOrWithItsQuotes) {
  EXPECT_EQ(Fields("x error=IO_ERROR: no space left tp=a-0"),
            "error:IO_ERROR: no space left;tp:a-0;");
  EXPECT_EQ(Fields("x reason=\"a second signal\": the next start"), "reason:a second signal;");
  EXPECT_EQ(Fields("x a=\"b=c d=e\" f=g"), "a:b=c d=e;f:g;");
  EXPECT_EQ(Fields("x a=\"open b=1"), "a:\"open;b:1;");
  EXPECT_EQ(Fields("x a= b="), "a:;b:;");
  EXPECT_EQ(Fields("x a=\""), "a:\";");
}

TEST(LogLineTest, TheFirstOfAKeyCounts) {
  EXPECT_EQ(Fields("x tp=a-0 client=evil tp=b-0"), "tp:a-0;client:evil;");
}

TEST(LogLineTest, OnlyWordsAreKeys) {
  EXPECT_EQ(Fields("x Key=1 a-b=2 =3 k.v_1=4"), "k.v_1:4;");
  EXPECT_EQ(Fields("x http://h/?a=1"), "");
}

TEST(LogLineTest, ThereAreSoManyAtMost) { EXPECT_EQ(Fields("a=1 b=2 c=3", 2), "a:1;b:2;"); }

}  // namespace
}  // namespace qalam
