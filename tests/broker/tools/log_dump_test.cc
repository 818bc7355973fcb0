#include "broker/tools/log_dump.h"

#include <gtest/gtest.h>

#include <random>

#include "broker/log/durable_checkpoint.h"
#include "broker/log/segment_crc.h"
#include "common/byte_order.h"
#include "tests/broker/log/log_fixture.h"

namespace qalam::log_test {
namespace {

using Lines = std::vector<std::string>;

bool Says(const std::string& line, std::string_view text) {
  return line.find(text) != std::string::npos;
}

class LogDumpTest : public LogTest {
 protected:
  Lines Dump(const std::string& path, bool records = false) {
    Lines lines;
    const Status status =
        DumpLogFile(fs_, path, records, [&](const std::string& line) { lines.push_back(line); });
    EXPECT_TRUE(status.ok()) << status.error().ToString();
    return lines;
  }
  ErrorCode Refusal(const std::string& path) {
    const Status status = DumpLogFile(fs_, path, false, [](const std::string&) {});
    return status.ok() ? ErrorCode::kUnknown : status.error().code();
  }
  static Bytes Batch(CompressionType compression = CompressionType::kNone) {
    BatchBuilder builder;
    const HeaderInput header{"h", AsBytes("x")};
    builder.Add(1000, AsBytes("k"), AsBytes("one"), std::span(&header, 1));
    builder.Add(1007, std::nullopt, AsBytes("tab\there \"quoted\" \xc3"));
    builder.Add(1003, AsBytes(""), std::nullopt);
    BatchBuilder::Trailer trailer;
    trailer.compression = compression;
    trailer.producer_id = 7;
    trailer.producer_epoch = 2;
    trailer.base_sequence = 40;
    Bytes batch = builder.Finish(trailer);
    StampBatch(std::span<std::byte, kBatchHeaderBytes>(batch.data(), kBatchHeaderBytes), 100, 5);
    return batch;
  }
  // A file of the log's directory with these bytes.
  std::string Put(std::string_view name, Bytes content) {
    EXPECT_TRUE(fs_.CreateDirectory(kDirectory).ok());
    const std::string path = JoinPath(kDirectory, name);
    fs_.SetContent(path, std::move(content));
    return path;
  }
};

TEST_F(LogDumpTest, ABatchIsALineWithEveryFieldOfItsHeader) {
  const Bytes batch = Batch();
  const auto lines = Dump(Put("00000000000000000100.log", batch));
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0], "file: /log/orders-0/00000000000000000100.log");
  for (const std::string field :
       {"position: 0 ", "baseOffset: 100 ", "lastOffset: 102 ", "count: 3 ", "leaderEpoch: 5 ",
        "producerId: 7 ", "producerEpoch: 2 ", "baseSequence: 40 ", "maxTimestamp: 1007 ",
        "codec: none "})
    EXPECT_TRUE(Says(lines[1], field)) << field << "is missing in " << lines[1];
  EXPECT_TRUE(Says(lines[1], "size: " + std::to_string(batch.size()) + " ")) << lines[1];
  EXPECT_TRUE(lines[1].ends_with(" valid")) << lines[1];
}

TEST_F(LogDumpTest, RecordsAreShownPrintableWithNullsApartFromEmpty) {
  for (const auto compression : {CompressionType::kNone, CompressionType::kZstd}) {
    const auto lines = Dump(Put("00000000000000000100.log", Batch(compression)), true);
    ASSERT_EQ(lines.size(), 5u);
    EXPECT_EQ(lines[2], R"(  offset: 100 timestamp: 1000 key: "k" value: "one" headers: 1)");
    EXPECT_EQ(lines[3], R"(  offset: 101 timestamp: 1007 key: null )"
                        R"(value: "tab\x09here \x22quoted\x22 \xc3" headers: 0)");
    EXPECT_EQ(lines[4], R"(  offset: 102 timestamp: 1003 key: "" value: null headers: 0)");
  }
}

TEST_F(LogDumpTest, AWrongCrcIsSaidSoAndTheDumpGoesOn) {
  Bytes two = Batch();
  const Bytes second = Batch();
  two[70] ^= std::byte{4};
  two.insert(two.end(), second.begin(), second.end());
  const auto lines = Dump(Put("00000000000000000100.log", std::move(two)));
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_TRUE(lines[1].ends_with(" INVALID")) << lines[1];
  EXPECT_TRUE(lines[2].ends_with(" valid")) << lines[2];
}

TEST_F(LogDumpTest, WhatLiesBehindTheLastBatchIsZerosOrNot) {
  Bytes log = Batch();
  const std::string end = std::to_string(log.size());
  log.resize(log.size() + 500);
  EXPECT_EQ(Dump(Put("00000000000000000100.log", log)).back(),
            "position: " + end + " 500 bytes behind the last batch, zeros: prepared space");
  log.back() = std::byte{1};
  EXPECT_EQ(Dump(Put("00000000000000000100.log", log)).back(),
            "position: " + end + " 500 bytes behind the last batch, not a batch");
}

TEST_F(LogDumpTest, IndexesAreShownWithWholeOffsets) {
  Bytes index(16);
  StoreBig32(&index[0], 4);
  StoreBig32(&index[4], 4100);
  StoreBig32(&index[8], 9);
  StoreBig32(&index[12], 8200);
  EXPECT_EQ(Dump(Put("00000000000000000100.index", index)),
            (Lines{"file: /log/orders-0/00000000000000000100.index", "offset: 104 position: 4100",
                   "offset: 109 position: 8200"}));
  Bytes times(12);
  StoreBig64(&times[0], 1'700'000'000'123);
  StoreBig32(&times[8], 9);
  EXPECT_EQ(Dump(Put("00000000000000000100.timeindex", times)),
            (Lines{"file: /log/orders-0/00000000000000000100.timeindex",
                   "timestamp: 1700000000123 offset: 109"}));
}

TEST_F(LogDumpTest, SnapshotsShowTheLastBatchOfEachProducer) {
  ProducerState state;
  state.OnAppended(BatchHeader::Decode(Batch()));
  const auto lines = Dump(Put("00000000000000000103.snapshot", state.EncodeSnapshot()));
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_TRUE(Says(lines[1], "version: 1 crc: ")) << lines[1];
  EXPECT_TRUE(Says(lines[1], " entries: 1")) << lines[1];
  EXPECT_TRUE(Says(lines[2],
                   "producerId: 7 producerEpoch: 2 lastSequence: 42 lastOffset: 102 "
                   "offsetDelta: 2 timestamp: 1007"))
      << lines[2];
}

TEST_F(LogDumpTest, CheckpointsAndSidecarsOfARealLog) {
  CreateAndOpen();
  for (int i = 0; i < 60; ++i)
    ASSERT_TRUE(AppendSynced(*log_, {{.records = 3, .value_bytes = 200}}, i < 20 ? 3 : 4).ok());
  Close();
  EXPECT_EQ(Dump(JoinPath(kDirectory, kEpochCheckpointName)),
            (Lines{"file: /log/orders-0/leader-epoch-checkpoint", "epoch: 3 startOffset: 0",
                   "epoch: 4 startOffset: 60"}));
  const auto checkpoint = Dump(JoinPath(kDirectory, kDurableCheckpointName));
  ASSERT_EQ(checkpoint.size(), 2u);
  EXPECT_TRUE(Says(checkpoint[1], "durableOffset: 180 ")) << checkpoint[1];
  ASSERT_FALSE(Names(kCrcSuffix).empty());
  const auto sidecar = Dump(JoinPath(kDirectory, Names(kCrcSuffix).front()));
  ASSERT_GE(sidecar.size(), 2u);
  EXPECT_TRUE(Says(sidecar[1], "crc32c: ")) << sidecar[1];
}

TEST_F(LogDumpTest, OtherFilesAreRefused) {
  EXPECT_EQ(Refusal(Put("notes.txt", {})), ErrorCode::kInvalidArgument);
  EXPECT_EQ(Refusal(Put("100.log", {})), ErrorCode::kInvalidArgument);
  EXPECT_EQ(Refusal("/log/orders-0/00000000000000000007.log"), ErrorCode::kNotFound);
  EXPECT_EQ(Refusal("/log/orders-0/00000000000000000007.index"), ErrorCode::kNotFound);
}

TEST_F(LogDumpTest, HostileBytesDoNoHarm) {
  CreateAndOpen();
  for (int i = 0; i < 60; ++i)
    ASSERT_TRUE(AppendSynced(*log_, {{.records = 3, .value_bytes = 200}}).ok());
  Close();
  std::mt19937 random(21);
  for (const auto suffix :
       {kLogSuffix, kIndexSuffix, kTimeIndexSuffix, kSnapshotSuffix, kCrcSuffix}) {
    ASSERT_FALSE(Names(suffix).empty()) << suffix;
    const std::string path = JoinPath(kDirectory, Names(suffix).front());
    const Bytes good = fs_.Content(path);
    for (int round = 0; round < 100; ++round) {
      Bytes bad = good;
      if (!bad.empty()) bad.resize(1 + random() % bad.size());
      for (unsigned i = 0; i < 3 && bad.size() >= 8; ++i)
        StoreBig64(&bad[random() % std::min<std::size_t>(bad.size() - 7, 100)],
                   random() % 2 == 0 ? 0x7fffffffffffffffu : random());
      fs_.SetContent(path, std::move(bad));
      (void)DumpLogFile(fs_, path, true, [](const std::string&) {});
    }
    fs_.SetContent(path, good);
  }
}

}  // namespace
}  // namespace qalam::log_test
