#include "common/crc32c.h"

#include <gtest/gtest.h>

#include <array>
#include <random>

namespace qalam {
namespace {

Bytes Repeated(std::byte value, std::size_t count) { return Bytes(count, value); }

// RFC 3720, B.4.
TEST(Crc32cTest, MatchesThePublishedValues) {
  EXPECT_EQ(Crc32c(AsBytes("123456789")), 0xE3069283u);
  EXPECT_EQ(Crc32c(Repeated(std::byte{0}, 32)), 0x8A9136AAu);
  EXPECT_EQ(Crc32c(Repeated(std::byte{0xff}, 32)), 0x62A8AB43u);
  Bytes up(32);
  for (std::size_t i = 0; i < up.size(); ++i) up[i] = static_cast<std::byte>(i);
  EXPECT_EQ(Crc32c(up), 0x46DD794Eu);
  EXPECT_EQ(Crc32c({}), 0u);
}

TEST(Crc32cTest, ThePortableOneMatchesThePublishedValue) {
  EXPECT_EQ(Crc32cPortable(0, AsBytes("123456789")), 0xE3069283u);
}

TEST(Crc32cTest, BothAgreeAtEveryLengthAndAlignment) {
  std::mt19937 random(1);
  Bytes bytes(2000);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  for (std::size_t at = 0; at < 16; ++at) {
    for (std::size_t size = 0; size < 300; ++size) {
      const BytesView part = BytesView(bytes).subspan(at, size);
      ASSERT_EQ(Crc32c(part), Crc32cPortable(0, part)) << at << " " << size;
    }
    const BytesView rest = BytesView(bytes).subspan(at);
    ASSERT_EQ(Crc32c(rest), Crc32cPortable(0, rest));
  }
}

TEST(Crc32cTest, ContinuesWhereAnEarlierPartEnded) {
  const BytesView all = AsBytes("the quick brown fox jumps over the lazy dog");
  for (std::size_t cut = 0; cut <= all.size(); ++cut) {
    EXPECT_EQ(Crc32cExtend(Crc32c(all.first(cut)), all.subspan(cut)), Crc32c(all));
    EXPECT_EQ(Crc32cPortable(Crc32c(all.first(cut)), all.subspan(cut)), Crc32c(all));
  }
}

}  // namespace
}  // namespace qalam
