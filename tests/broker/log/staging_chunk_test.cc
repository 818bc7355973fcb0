#include "broker/log/staging_chunk.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

namespace qalam {
namespace {

constexpr std::size_t kMebibyte = std::size_t{1} << 20;

std::uintptr_t AddressOf(StagingChunk& chunk) {
  return reinterpret_cast<std::uintptr_t>(chunk.writable().data());
}

TEST(StagingChunkTest, LargeOnesMayLieOnHugePages) {
  for (const std::size_t size : {2 * kMebibyte, 3 * kMebibyte, 16 * kMebibyte}) {
    std::vector<std::unique_ptr<StagingChunk>> chunks;
    for (int i = 0; i < 3; ++i) {
      chunks.push_back(std::make_unique<StagingChunk>(size, 0));
      StagingChunk& chunk = *chunks.back();
      EXPECT_EQ(AddressOf(chunk) % (2 * kMebibyte), 0u) << size;
      ASSERT_GE(chunk.capacity(), size);
      std::memset(chunk.writable().data(), i + 1, chunk.capacity());
    }
    // None lies in another's memory.
    for (int i = 0; i < 3; ++i) {
      const auto bytes = chunks[static_cast<std::size_t>(i)]->writable();
      EXPECT_EQ(bytes.front(), static_cast<std::byte>(i + 1));
      EXPECT_EQ(bytes.back(), static_cast<std::byte>(i + 1));
    }
  }
}

TEST(StagingChunkTest, ALargeOneComesBackWithItsPages) {
  auto chunk = std::make_unique<StagingChunk>(4 * kMebibyte, 0);
  const std::uintptr_t address = AddressOf(*chunk);
  chunk.reset();
  chunk = std::make_unique<StagingChunk>(3 * kMebibyte, 0);
  EXPECT_EQ(AddressOf(*chunk), address);
}

}  // namespace
}  // namespace qalam
