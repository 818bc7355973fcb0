#include "broker/partition/ring_file_format.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include <numeric>
#include <string>

// The bytes of version 1, as docs/formats/decision-ring.md has them; changed by hand only.
namespace qalam {
namespace {

using ring_file::Block;

std::string Hex(BytesView bytes) {
  std::string text;
  for (const std::byte byte : bytes) text += fmt::format("{:02x}", std::to_integer<int>(byte));
  return text;
}

constexpr std::uint64_t kId = 0x0102030405060708;

BatchDecision Batch() {
  BatchDecision batch;
  batch.head.kind = EntryKind::kBatch;
  batch.head.flags = BatchDecision::kTraced;
  batch.head.writer = 3;
  batch.head.run = 0x65000000;
  std::iota(batch.head.topic_id.begin(), batch.head.topic_id.end(), std::uint8_t{0});
  batch.head.partition = 5;
  batch.head.origin = 0xABCD0001;
  batch.received_ns = 100;
  batch.check_ns = 200;
  batch.bytes = 300;
  batch.queue_ns = 400;
  batch.base_offset = 500;
  batch.last_offset_delta = 9;
  batch.leader_epoch = 3;
  batch.producer_id = 17;
  batch.base_sequence = 240;
  batch.producer_epoch = 2;
  batch.trace_flags = 1;
  batch.expected_offset = 500;
  batch.group = 77;
  std::iota(batch.trace_id.begin(), batch.trace_id.end(), std::uint8_t{16});
  std::iota(batch.parent_id.begin(), batch.parent_id.end(), std::uint8_t{32});
  return batch;
}

TEST(RingFileFormatTest, TheHeader) {
  ring_file::Header header;
  header.decisions = 6;
  header.refusals = 1;
  header.origins = 1;
  header.writer = 3;
  header.id = kId;
  header.whole_since = 1'700'000'000'000;
  Block block;
  EncodeHeader(header, block);
  EXPECT_EQ(Hex(BytesView(block).first(44)),
            "51444c52010080000600000001000000010000000300000008070605040302010068e5cf8b010000"
            "2976ba84");
  const auto read = ring_file::DecodeHeader(block);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->writer, 3u);
  EXPECT_EQ(read->whole_since, 1'700'000'000'000);
}

TEST(RingFileFormatTest, ABlockOfABatch) {
  const RingEntry entry = ToEntry(Batch());
  Block block;
  ring_file::EncodeBlock(kId, 62, {&entry, 1}, block);
  EXPECT_EQ(Hex(BytesView(block).first(24)), "5a45e376010000003e000000000000000807060504030201");
  EXPECT_EQ(Hex(BytesView(block).subspan(128, 128)),
            "0102030000000065000102030405060708090a0b0c0d0e0f050000000100cdab"
            "6400000000000000c80000002c0100009001000000000000f4010000000000000900000003000000"
            "1100000000000000f000000002000001f4010000000000004d00000000000000"
            "101112131415161718191a1b1c1d1e1f2021222324252627");
  const auto head = ring_file::CheckBlock(kId, block);
  ASSERT_TRUE(head);
  EXPECT_EQ(head->count, 1u);
  EXPECT_EQ(head->first, 62u);
  EXPECT_EQ(ring_file::EntryAt(block, 0).words, entry.words);
  EXPECT_FALSE(ring_file::CheckBlock(kId + 1, block));
  block[4095] ^= std::byte{1};
  EXPECT_FALSE(ring_file::CheckBlock(kId, block));
}

TEST(RingFileFormatTest, OtherHeadersAreRefusedWithTheirReason) {
  Block block;
  block.fill(std::byte{0});
  EXPECT_EQ(ring_file::DecodeHeader(block).error().code(), ErrorCode::kCorruption);
  ring_file::Header header;
  header.decisions = header.refusals = header.origins = 1;
  header.version = 2;
  EncodeHeader(header, block);
  EXPECT_EQ(ring_file::DecodeHeader(block).error().code(), ErrorCode::kUnsupportedFormat);
  header.version = 1;
  header.decisions = 0;
  EncodeHeader(header, block);
  EXPECT_EQ(ring_file::DecodeHeader(block).error().code(), ErrorCode::kCorruption);
  header.decisions = 1;
  EncodeHeader(header, block);
  EXPECT_TRUE(ring_file::DecodeHeader(block).ok());
  block[8] ^= std::byte{1};
  EXPECT_EQ(ring_file::DecodeHeader(block).error().code(), ErrorCode::kCorruption);
}

}  // namespace
}  // namespace qalam
