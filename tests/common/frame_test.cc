#include "common/frame.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace qalam {
namespace {

std::string Text(BytesView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string FrameOf(FrameKind kind, const std::string& payload) {
  return Text(MakeFrameHead(kind, payload.size())) + payload;
}

// Gives the reader `bytes`, at most `piece` at a time; what it makes of them.
std::vector<Frame> Feed(FrameReader& reader, BytesView bytes, std::size_t piece) {
  std::vector<Frame> frames;
  while (!bytes.empty()) {
    const auto space = reader.Space();
    const std::size_t count = std::min({piece, space.size(), bytes.size()});
    std::copy_n(bytes.begin(), count, space.begin());
    reader.Filled(count);
    bytes = bytes.subspan(count);
    while (true) {
      auto frame = reader.Next();
      EXPECT_TRUE(frame.ok()) << frame.error().ToString();
      if (!frame.ok() || !frame->has_value()) break;
      frames.push_back(std::move(**frame));
    }
  }
  return frames;
}

TEST(FrameReaderTest, FramesComeWholeInWhateverPiecesTheyArrive) {
  const std::vector<std::string> payloads = {"", "a", std::string(5000, 'b'),
                                             std::string(100'000, 'c'), "d"};
  std::string all;
  for (const std::string& payload : payloads) all += FrameOf(FrameKind::kMessage, payload);
  all += FrameOf(FrameKind::kEnd, "why");
  for (const std::size_t piece : {1ul, 7ul, 4096ul, all.size()}) {
    FrameReader reader(1 << 20);
    const std::vector<Frame> frames = Feed(reader, AsBytes(all), piece);
    ASSERT_EQ(frames.size(), payloads.size() + 1) << piece;
    for (std::size_t i = 0; i < payloads.size(); ++i) {
      EXPECT_EQ(frames[i].kind, FrameKind::kMessage);
      EXPECT_EQ(Text(frames[i].payload.view()), payloads[i]) << i << " in pieces of " << piece;
    }
    EXPECT_EQ(frames.back().kind, FrameKind::kEnd);
    EXPECT_EQ(Text(frames.back().payload.view()), "why");
  }
}

TEST(FrameReaderTest, APayloadOutlivesTheReader) {
  SharedSlice kept;
  {
    FrameReader reader(1 << 20);
    const std::string large(50'000, 'x');
    kept = Feed(reader, AsBytes(FrameOf(FrameKind::kMessage, large)), 1 << 20).at(0).payload;
  }
  EXPECT_EQ(Text(kept.view()), std::string(50'000, 'x'));
}

TEST(FrameReaderTest, AClaimedLengthTakesNoMemoryBeforeItsBytesCome) {
  FrameReader reader(std::size_t{1} << 30);
  const auto head = MakeFrameHead(FrameKind::kMessage, std::size_t{1} << 29);
  EXPECT_TRUE(Feed(reader, head, head.size()).empty());
  EXPECT_LE(reader.Space().size(), 8192U);
}

TEST(FrameReaderTest, TooLongFramesAndStrangeKindsAreRefused) {
  const auto refused = [](const std::string& bytes) {
    FrameReader reader(1000);
    const auto space = reader.Space();
    std::copy_n(AsBytes(bytes).begin(), bytes.size(), space.begin());
    reader.Filled(bytes.size());
    const auto frame = reader.Next();
    return frame.ok() ? std::string("taken") : std::string(InfoOf(frame.error().code()).word);
  };
  EXPECT_EQ(refused(Text(MakeFrameHead(FrameKind::kMessage, 1001))), "MESSAGE_TOO_LARGE");
  EXPECT_EQ(refused(FrameOf(FrameKind::kMessage, std::string(1000, 'x'))), "taken");
  EXPECT_EQ(refused(FrameOf(static_cast<FrameKind>(3), "x")), "INVALID_ARGUMENT");
  EXPECT_EQ(refused(std::string(5, '\0')), "INVALID_ARGUMENT");
}

}  // namespace
}  // namespace qalam
