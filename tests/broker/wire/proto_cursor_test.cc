#include "broker/wire/proto_cursor.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "tests/broker/wire/cut.h"

namespace qalam {
namespace {

using Field = ProtoCursor::Field;

Result<std::vector<Field>> FieldsOf(SliceSpan message) {
  ProtoCursor cursor(message);
  std::vector<Field> fields;
  while (true) {
    QALAM_ASSIGN_OR_RETURN(const auto field, cursor.Next());
    if (!field) return fields;
    fields.push_back(*field);
  }
}

std::string Text(SliceSpan message, ByteRange range) {
  return std::string(AsText(Extract(message, range).view()));
}

// Every wire type once: 1 varint 300, 2 bytes "abc", 3 fixed32 7, 4 fixed64 -1, 5 empty bytes.
const std::string kMessage(
    "\x08\xac\x02\x12\x03"
    "abc\x1d\x07\x00\x00\x00\x21\xff\xff\xff\xff\xff\xff\xff\xff\x2a\x00",
    24);

void ExpectAllFields(SliceSpan message) {
  const auto fields = FieldsOf(message);
  ASSERT_TRUE(fields.ok()) << fields.error().ToString();
  ASSERT_EQ(fields->size(), 5u);
  EXPECT_EQ((*fields)[0].value, 300u);
  EXPECT_TRUE((*fields)[1].is_bytes);
  EXPECT_EQ(Text(message, (*fields)[1].bytes), "abc");
  EXPECT_EQ((*fields)[2].value, 7u);
  EXPECT_EQ((*fields)[3].value, UINT64_MAX);
  EXPECT_TRUE((*fields)[4].is_bytes);
  EXPECT_EQ((*fields)[4].bytes.size(), 0u);
  for (std::uint32_t i = 0; i < 5; ++i) EXPECT_EQ((*fields)[i].number, i + 1);
}

TEST(ProtoCursorTest, ReadsEveryWireType) { ExpectAllFields(Cut(kMessage, {})); }

TEST(ProtoCursorTest, ReadsAMessageCutAnywhereInTwoAndThree) {
  for (std::size_t a = 0; a <= kMessage.size(); ++a) {
    for (std::size_t b = 0; a + b <= kMessage.size(); ++b) ExpectAllFields(Cut(kMessage, {a, b}));
  }
}

TEST(ProtoCursorTest, ReadsAMessageOfSingleBytesWithEmptySlicesBetween) {
  std::vector<std::size_t> sizes;
  for (std::size_t i = 0; i < kMessage.size(); ++i) sizes.insert(sizes.end(), {0, 1, 0});
  ExpectAllFields(Cut(kMessage, sizes));
}

TEST(ProtoCursorTest, AnEmptyMessageHasNoFields) {
  EXPECT_EQ(FieldsOf({})->size(), 0u);
  EXPECT_EQ(FieldsOf(Cut("", {0, 0}))->size(), 0u);
}

TEST(ProtoCursorTest, EveryTruncationIsMalformedOrEndsBetweenFields) {
  const std::size_t between[] = {0, 3, 8, 13, 22, 24};
  for (std::size_t size = 0; size < kMessage.size(); ++size) {
    const bool whole = std::find(std::begin(between), std::end(between), size) != std::end(between);
    EXPECT_EQ(FieldsOf(Cut(kMessage.substr(0, size), {})).ok(), whole) << size;
  }
}

TEST(ProtoCursorTest, RefusesWhatIsNotProtobuf) {
  const std::string malformed[] = {
      std::string("\x00\x01", 2),                                          // Field number 0.
      std::string("\x0b\x0c", 2),                                          // A group.
      std::string("\x0e\x01", 2),                                          // Wire type 6.
      std::string("\x08", 1),                                              // No value.
      std::string("\x12\x05", 2) + "abcd",                                 // One byte short.
      std::string("\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11),     // A length of 2^64-1.
      std::string("\x12\xff\xff\xff\x7f", 5) + "abcd",                     // 256 MiB, claimed.
      std::string("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12)  // A varint of 11 bytes.
  };
  for (const std::string& message : malformed) {
    const auto fields = FieldsOf(Cut(message, {1}));
    ASSERT_FALSE(fields.ok());
    EXPECT_EQ(fields.error().code(), ErrorCode::kInvalidArgument);
  }
}

TEST(ProtoCursorTest, AMessageWithinAMessageEndsWhereItEnds) {
  // Field 1: a message of one varint; behind it more bytes that must not be read.
  const std::string message("\x0a\x02\x08\x05\x10\x06", 6);
  const std::vector<SharedSlice> slices = Cut(message, {3});
  ProtoCursor outer(slices);
  const auto field = outer.Next();
  ASSERT_TRUE(field.ok() && *field);
  ProtoCursor inner(slices, (**field).bytes);
  const auto value = inner.Next();
  ASSERT_TRUE(value.ok() && *value);
  EXPECT_EQ((**value).value, 5u);
  EXPECT_FALSE(inner.Next()->has_value());
}

TEST(ProtoCursorTest, ExtractBorrowsFromOneSliceAndCopiesFromSeveral) {
  const std::vector<SharedSlice> slices = Cut("abcdefgh", {3, 3});
  const SharedSlice within = Extract(slices, {4, 6});
  EXPECT_EQ(AsText(within.view()), "ef");
  EXPECT_EQ(within.view().data(), slices[1].view().data() + 1);
  const SharedSlice across = Extract(slices, {2, 7});
  EXPECT_EQ(AsText(across.view()), "cdefg");
  EXPECT_TRUE(Extract(slices, {8, 8}).empty());
}

}  // namespace
}  // namespace qalam
