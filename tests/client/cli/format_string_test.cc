#include "client/cli/format_string.h"

#include <gtest/gtest.h>

#include <random>

#include "client/cli/format_reader.h"
#include "tests/client/cli/record_fixture.h"

namespace qalam::cli {
namespace {

std::string Formatted(const std::string& format, const TestRecord::Spec& spec,
                      const FormatString::Around& around = {}) {
  const auto parsed = FormatString::Parse(format);
  EXPECT_TRUE(parsed.ok()) << format;
  if (!parsed.ok()) return parsed.error().message();
  std::string out;
  parsed->Append(TestRecord(spec).view(), around, out);
  return out;
}

std::string RefusedFormat(const std::string& format) {
  const auto parsed = FormatString::Parse(format);
  EXPECT_FALSE(parsed.ok()) << format;
  if (parsed.ok()) return "";
  EXPECT_EQ(parsed.error().code(), "INVALID_ARGUMENT");
  return parsed.error().message();
}

const TestRecord::Spec kSpec{.key = "k\xff", .value = "paid", .headers = {{"a", "1"}, {"b", {}}}};

TEST(FormatStringTest, EveryLetterStandsForItsField) {
  const FormatString::Around around{.log_start = 5, .high_watermark = 99, .count = 12};
  EXPECT_EQ(Formatted("%t %p %o %K %v %V %h %H %d %e %[ %] %i", kSpec, around),
            "orders 3 42 2 paid 4 a=1,b 2 1700000000123 7 5 99 12");
  EXPECT_EQ(Formatted("%k", kSpec), "k\xff");
}

TEST(FormatStringTest, KcatsNamesOfTheValueWork) { EXPECT_EQ(Formatted("%s %S", kSpec), "paid 4"); }

TEST(FormatStringTest, NullIsNothingAndItsSizeIsMinusOne) {
  EXPECT_EQ(Formatted("[%k][%v]%K,%V", {}), "[][]-1,-1");
  EXPECT_EQ(Formatted("[%k][%v]%K,%V", {.key = "", .value = ""}), "[][]0,0");
  EXPECT_EQ(Formatted("%k{json} %v{json}", {.value = ""}), "null \"\"");
}

TEST(FormatStringTest, BracesChooseHowBytesAreWritten) {
  EXPECT_EQ(Formatted("%k{hex} %k{base64} %k{utf8} %k{json}", kSpec),
            "6bff a/8= k\xef\xbf\xbd \"k\xef\xbf\xbd\"");
  EXPECT_EQ(Formatted("%v{json}", {.value = "a\"b\n\x01"}), "\"a\\\"b\\n\\u0001\"");
}

TEST(FormatStringTest, BracesChooseHowTimeIsWritten) {
  EXPECT_EQ(Formatted("%d{ms}|%d{rfc3339}|%d{strftime[%d.%m.%Y %H:%M]}", kSpec),
            "1700000000123|2023-11-14T22:13:20.123Z|14.11.2023 22:13");
}

TEST(FormatStringTest, EscapesAndPercentSigns) {
  EXPECT_EQ(Formatted(R"(100%%\n\t\r\\\x41\x1e)", kSpec), "100%\n\t\r\\A\x1e");
  EXPECT_EQ(Formatted(R"(\0\x00)", kSpec), std::string(2, '\0'));
}

TEST(FormatStringTest, CapitalTIsRefusedWithTheWayOut) {
  EXPECT_NE(RefusedFormat("%T").find("%d"), std::string::npos);
  EXPECT_NE(RefusedFormat("%o %T\\n").find("%t"), std::string::npos);
}

TEST(FormatStringTest, WhatCantBeReadIsNamed) {
  EXPECT_NE(RefusedFormat("%q").find("%q"), std::string::npos);
  EXPECT_NE(RefusedFormat("%v{octal}").find("octal"), std::string::npos);
  EXPECT_NE(RefusedFormat("%o{hex}").find("hex"), std::string::npos);
  EXPECT_NE(RefusedFormat("%d{hex}").find("hex"), std::string::npos);
  RefusedFormat("%v{hex");
  RefusedFormat("%");
  RefusedFormat("abc\\");
  RefusedFormat("\\x4");
  RefusedFormat("\\xgg");
  RefusedFormat("\\q");
}

TEST(FormatStringTest, AnyTextIsParsedOrRefused) {
  std::mt19937 random(7);
  const std::string letters = "%%%\\\\tpokKvVhHdesSiT[]{}hexjsonms0x1e \n\xff";
  const TestRecord record(kSpec);
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (auto n = random() % 12; n > 0; --n) text += letters[random() % letters.size()];
    const auto parsed = FormatString::Parse(text);
    if (!parsed.ok()) continue;
    std::string out;
    parsed->Append(record.view(), {}, out);
    (void)FormatReader::Make(*parsed);
  }
}

// --- reading ---

FormatReader Reader(const std::string& format) {
  const auto parsed = FormatString::Parse(format);
  EXPECT_TRUE(parsed.ok()) << format;
  auto reader = FormatReader::Make(*parsed);
  EXPECT_TRUE(reader.ok()) << format;
  return *reader;
}

std::string RefusedReaderFormat(const std::string& format) {
  const auto parsed = FormatString::Parse(format);
  EXPECT_TRUE(parsed.ok()) << format;
  const auto reader = FormatReader::Make(*parsed);
  EXPECT_FALSE(reader.ok()) << format;
  return reader.ok() ? "" : reader.error().message();
}

TEST(FormatReaderTest, FieldsEndAtTheLiteralBehindThem) {
  const FormatReader reader = Reader("%k\\t%v\\n");
  std::string_view text = "a\tone\nb\ttwo\tmore\nc\tthr";
  auto record = reader.Next(text);
  ASSERT_TRUE(record.ok() && *record);
  EXPECT_EQ((*record)->key, "a");
  EXPECT_EQ((*record)->value, "one");
  record = reader.Next(text);
  ASSERT_TRUE(record.ok() && *record);
  EXPECT_EQ((*record)->key, "b");
  EXPECT_EQ((*record)->value, "two\tmore");
  record = reader.Next(text);
  ASSERT_TRUE(record.ok());
  EXPECT_FALSE(*record);
  EXPECT_EQ(text, "c\tthr") << "what is not whole stays";
}

TEST(FormatReaderTest, SizesMayContainAnyBytesAndMinusOneIsNull) {
  const FormatReader reader = Reader("%K %V %k%v");
  const std::string bytes = std::string("2 3 \n\0a b", 9) + "-1 0 " + "0 -1 ";
  std::string_view text = bytes;
  auto record = reader.Next(text);
  ASSERT_TRUE(record.ok() && *record);
  EXPECT_EQ((*record)->key, std::string("\n\0", 2));
  EXPECT_EQ((*record)->value, "a b");
  record = reader.Next(text);
  ASSERT_TRUE(record.ok() && *record);
  EXPECT_FALSE((*record)->key);
  EXPECT_EQ((*record)->value, "");
  record = reader.Next(text);
  ASSERT_TRUE(record.ok() && *record);
  EXPECT_EQ((*record)->key, "");
  EXPECT_FALSE((*record)->value);
  EXPECT_TRUE(text.empty());
}

TEST(FormatReaderTest, PartitionsAndTimesAreRead) {
  const FormatReader reader = Reader("%p %d %v\\n");
  std::string_view text = "12 1700000000123 x\n";
  const auto record = reader.Next(text);
  ASSERT_TRUE(record.ok() && *record);
  EXPECT_EQ((*record)->partition, 12);
  EXPECT_EQ((*record)->timestamp_ms, 1'700'000'000'123);
}

TEST(FormatReaderTest, WhatIsNoNumberOrTooLargeIsRefused) {
  const FormatReader reader = Reader("%V %v");
  for (std::string_view text : {"x yyy", "-2 yyy", "99999999999999999999 y", " y", "1x y"}) {
    EXPECT_FALSE(reader.Next(text).ok()) << text;
  }
  const FormatReader partitions = Reader("%p %v\\n");
  for (std::string_view text : {"-1 y\n", "2147483648 y\n"})
    EXPECT_FALSE(partitions.Next(text).ok()) << text;
}

TEST(FormatReaderTest, FieldsThatCantBeReadOrDelimitedAreRefused) {
  for (const std::string format : {"%o\\n", "%t %v\\n", "%h\\n", "%v{hex}\\n", "%v", "%k%v\\n",
                                   "%v%V\\n", "", "%e %v\\n", "%d{rfc3339} %v\\n"})
    EXPECT_NE(RefusedReaderFormat(format).find("--format"), std::string::npos);
}

// What one side writes, the other reads.
TEST(FormatReaderTest, SizedRecordsSurviveTheRoundTrip) {
  std::mt19937 random(11);
  const std::string format = "%p %d %K %V %k%v\\n";
  const auto writer = FormatString::Parse(format);
  ASSERT_TRUE(writer.ok());
  const FormatReader reader = Reader(format);
  const auto bytes = [&]() -> std::optional<std::string> {
    if (random() % 4 == 0) return std::nullopt;
    std::string text(random() % 20, '\0');
    for (char& c : text) c = static_cast<char>(random());
    return text;
  };
  std::string out;
  std::vector<TestRecord> records;
  for (int i = 0; i < 500; ++i) {
    records.emplace_back(TestRecord::Spec{.key = bytes(), .value = bytes(), .partition = i % 9});
    writer->Append(records.back().view(), {}, out);
  }
  std::string_view text = out;
  for (const TestRecord& expected : records) {
    const auto record = reader.Next(text);
    ASSERT_TRUE(record.ok() && *record);
    EXPECT_EQ((*record)->key, expected.spec().key);
    EXPECT_EQ((*record)->value, expected.spec().value);
    EXPECT_EQ((*record)->partition, expected.spec().partition);
    EXPECT_EQ((*record)->timestamp_ms, expected.spec().timestamp_ms);
  }
  EXPECT_TRUE(text.empty());
}

}  // namespace
}  // namespace qalam::cli
