#include "client/cli/ceiling_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/support/temp_directory.h"

namespace qalam::cli {
namespace {

constexpr std::uint64_t kSegmentBytes = 64 << 10;

std::size_t FilesIn(const std::string& directory) {
  const std::filesystem::directory_iterator files(directory);
  return static_cast<std::size_t>(std::distance(begin(files), end(files)));
}

std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Pieces of many lengths, whose bytes tell where they belong.
std::vector<Bytes> MakePieces(std::size_t count, std::size_t bytes_max) {
  std::vector<Bytes> pieces;
  std::uint8_t next = 1;
  for (std::size_t i = 0; i < count; ++i) {
    Bytes piece(1 + i * 977 % bytes_max);
    for (std::byte& byte : piece) byte = std::byte{next++};
    pieces.push_back(std::move(piece));
  }
  return pieces;
}

class CeilingFileTest : public testing::TestWithParam<CeilingWay> {
 protected:
  // Null: not on this file system.
  std::unique_ptr<CeilingFile> Open(CeilingAck ack) {
    SegmentOptions options;
    options.directory = directory_.path();
    options.segment_bytes = kSegmentBytes;
    options.space_bytes = 5 * kSegmentBytes;
    auto file = CeilingFile::Open(GetParam(), ack, options);
    if (file.ok()) return std::move(file).value();
    EXPECT_EQ(file.error().code(), ErrorCode::kInvalidArgument) << file.error().ToString();
    return nullptr;
  }
  const TempDirectory directory_;
};

TEST_P(CeilingFileTest, HoldsWhatWasWrittenInOrder) {
  const auto file = Open(CeilingAck::kFsync);
  if (!file) GTEST_SKIP() << "no direct I/O here";
  std::string expected;
  for (const Bytes& piece : MakePieces(30, 1'500)) {
    const BytesView whole(piece);
    const std::vector<BytesView> parts = {whole.first(piece.size() / 2),
                                          whole.subspan(piece.size() / 2)};
    ASSERT_TRUE(file->Write(parts).ok());
    ASSERT_TRUE(file->Sync().ok());
    expected += AsText(piece);
  }
  ASSERT_LT(expected.size(), kSegmentBytes);
  const std::string found = ReadAll(directory_.File("segment-0"));
  ASSERT_GE(found.size(), expected.size());
  EXPECT_TRUE(found.compare(0, expected.size(), expected) == 0);
  EXPECT_EQ(found.find_first_not_of('\0', expected.size()), std::string::npos);
}

TEST_P(CeilingFileTest, TakesMorePartsThanOneSystemCall) {
  const auto file = Open(CeilingAck::kWrite);
  if (!file) GTEST_SKIP() << "no direct I/O here";
  const std::vector<Bytes> pieces = MakePieces(3'000, 17);
  std::vector<BytesView> parts(pieces.begin(), pieces.end());
  ASSERT_TRUE(file->Write(parts).ok());
  std::string expected;
  for (const Bytes& piece : pieces) expected += AsText(piece);
  EXPECT_TRUE(ReadAll(directory_.File("segment-0")).compare(0, expected.size(), expected) == 0);
}

TEST_P(CeilingFileTest, KeepsAFewSegmentsAndRemovesThemAllAtTheEnd) {
  for (const CeilingAck ack : {CeilingAck::kFsync, CeilingAck::kWrite}) {
    auto file = Open(ack);
    if (!file) GTEST_SKIP() << "no direct I/O here";
    std::size_t files_most = 0;
    for (const Bytes& piece : MakePieces(200, 30'000)) {
      const BytesView part(piece);
      ASSERT_TRUE(file->Write({&part, 1}).ok());
      if (ack == CeilingAck::kFsync) {
        ASSERT_TRUE(file->Sync().ok());
      }
      files_most = std::max(files_most, FilesIn(directory_.path()));
    }
    EXPECT_LE(files_most, 5u);
    EXPECT_FALSE(std::filesystem::exists(directory_.File("segment-0")));
    file.reset();
    EXPECT_EQ(FilesIn(directory_.path()), 0u);
  }
}

TEST_P(CeilingFileTest, SaysWhichDirectoryIsNotThere) {
  SegmentOptions options;
  options.directory = directory_.File("nowhere");
  const auto file = CeilingFile::Open(GetParam(), CeilingAck::kFsync, options);
  ASSERT_FALSE(file.ok());
  EXPECT_EQ(file.error().code(), ErrorCode::kDirectoryUnusable);
  EXPECT_NE(file.error().message().find("nowhere"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Ways, CeilingFileTest,
                         testing::Values(CeilingWay::kDirect, CeilingWay::kZeroed,
                                         CeilingWay::kBuffered, CeilingWay::kWriteback),
                         [](const auto& test) { return std::string(CeilingWayName(test.param)); });

}  // namespace
}  // namespace qalam::cli
