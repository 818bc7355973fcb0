#include <gtest/gtest.h>

#include <limits>

#include "common/byte_reader.h"
#include "common/byte_writer.h"

namespace qalam {
namespace {

TEST(ByteCursorTest, WritesBigEndian) {
  Bytes bytes;
  ByteWriter writer(bytes);
  writer.U16(0x0102);
  writer.I32(-2);
  writer.U8(7);
  writer.Put(AsBytes("xy"));
  const Bytes expected = {std::byte{1},    std::byte{2},    std::byte{0xff},
                          std::byte{0xff}, std::byte{0xff}, std::byte{0xfe},
                          std::byte{7},    std::byte{'x'},  std::byte{'y'}};
  EXPECT_EQ(bytes, expected);
}

TEST(ByteCursorTest, ReadsWhatWasWritten) {
  Bytes bytes;
  ByteWriter writer(bytes);
  writer.I8(std::numeric_limits<std::int8_t>::min());
  writer.I16(std::numeric_limits<std::int16_t>::min());
  writer.I32(std::numeric_limits<std::int32_t>::min());
  writer.I64(std::numeric_limits<std::int64_t>::min());
  writer.U64(std::numeric_limits<std::uint64_t>::max());
  writer.U32(3);
  writer.Put(AsBytes("abc"));

  ByteReader reader(bytes);
  EXPECT_EQ(reader.I8(), std::numeric_limits<std::int8_t>::min());
  EXPECT_EQ(reader.I16(), std::numeric_limits<std::int16_t>::min());
  EXPECT_EQ(reader.I32(), std::numeric_limits<std::int32_t>::min());
  EXPECT_EQ(reader.I64(), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(reader.U64(), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(AsText(reader.Take(reader.U32())), "abc");
  EXPECT_TRUE(reader.ok());
  EXPECT_EQ(reader.remaining(), 0u);
}

TEST(ByteCursorTest, NeverReadsBeyondTheEnd) {
  for (std::size_t size = 0; size < 8; ++size) {
    const Bytes bytes(size, std::byte{0xff});
    ByteReader reader(bytes);
    EXPECT_EQ(reader.U64(), 0u);
    EXPECT_FALSE(reader.ok());
    // What is left is not read either: the layout was another one.
    EXPECT_EQ(reader.U8(), 0u);
    EXPECT_TRUE(reader.Take(1).empty());
    EXPECT_FALSE(reader.ok());
  }
}

TEST(ByteCursorTest, ALengthThatLiesIsNotBelieved) {
  const Bytes bytes(8, std::byte{0xff});
  ByteReader reader(bytes);
  EXPECT_TRUE(reader.Take(reader.U32()).empty());
  EXPECT_FALSE(reader.ok());
}

TEST(ByteCursorTest, TakingNothingAtTheEndIsFine) {
  ByteReader reader({});
  EXPECT_TRUE(reader.Take(0).empty());
  EXPECT_TRUE(reader.ok());
}

TEST(ByteCursorDeathTest, PatchesOnlyWhatIsThere) {
  Bytes bytes;
  ByteWriter writer(bytes);
  writer.U32(0);
  writer.U8(9);
  writer.PatchU32(0, 0x01020304);
  EXPECT_EQ(ByteReader(bytes).U32(), 0x01020304u);
  EXPECT_DEATH(writer.PatchU32(2, 1), "check failed");
}

}  // namespace
}  // namespace qalam
