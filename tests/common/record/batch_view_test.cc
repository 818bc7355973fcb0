#include "common/record/batch_view.h"

#include <gtest/gtest.h>

#include "tests/common/record/record_test_util.h"

namespace qalam {
namespace {

using namespace record_testing;

Bytes Join(std::initializer_list<Bytes> parts) {
  Bytes all;
  for (const Bytes& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

TEST(BatchCursorTest, WalksBatchesOneAfterAnother) {
  const Bytes first = Golden("v1_empty_key");
  const Bytes second = Golden("v3_three_records");
  const Bytes third = Golden("v7_empty_after_compaction");
  const Bytes all = Join({first, second, third});
  BatchCursor cursor(all);
  for (const Bytes& expected : {first, second, third}) {
    const auto batch = cursor.Next();
    ASSERT_TRUE(batch.ok());
    ASSERT_TRUE(batch.value().has_value());
    EXPECT_EQ(ToHex((*batch.value()).bytes), ToHex(expected));
    EXPECT_EQ((*batch.value()).header, BatchHeader::Decode(expected));
    EXPECT_EQ((*batch.value()).records().size(), expected.size() - kBatchHeaderBytes);
  }
  EXPECT_FALSE(cursor.Next()->has_value());
  EXPECT_EQ(cursor.rest_bytes(), 0U);
}

TEST(BatchCursorTest, EveryIncompleteTailEndsTheWalk) {
  const Bytes whole = Golden("v3_three_records");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Bytes tail(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    const Bytes all = Join({whole, tail});
    BatchCursor cursor(all);
    ASSERT_TRUE(cursor.Next()->has_value());
    const auto end = cursor.Next();
    ASSERT_TRUE(end.ok()) << size;
    EXPECT_FALSE(end.value().has_value()) << size;
    EXPECT_EQ(cursor.rest_bytes(), size);
  }
}

std::string CursorError(const Bytes& bytes) {
  BatchCursor cursor(bytes);
  const auto batch = cursor.Next();
  if (batch.ok()) return batch.value() ? "a batch" : "end";
  EXPECT_EQ(batch.error().code(), ErrorCode::kCorruptBatch);
  return batch.error().message();
}

TEST(BatchCursorTest, LengthsThatNoBatchCanHaveAreCorrupt) {
  for (const std::int32_t length : {-2147483647 - 1, -1, 0, 13, 48}) {
    const Bytes bytes =
        WithHeader(Golden("v3_three_records"), [&](auto& h) { h.batch_length = length; });
    EXPECT_EQ(CursorError(bytes), "batchLength is " + std::to_string(length) + ", less than 49");
  }
}

TEST(BatchCursorTest, ALengthBeyondTheBytesIsAnIncompleteTail) {
  const Bytes bytes =
      WithHeader(Golden("v3_three_records"), [](auto& h) { h.batch_length = 2147483647; });
  EXPECT_EQ(CursorError(bytes), "end");
}

TEST(BatchCursorTest, OldMagicIsCorrupt) {
  const Bytes bytes = WithHeader(Golden("v3_three_records"), [](auto& h) { h.magic = 1; });
  EXPECT_EQ(CursorError(bytes), "magic is 1, not 2");
}

TEST(CheckBatchCrcTest, NamesBothSums) {
  Bytes batch = Golden("v1_empty_key");
  EXPECT_TRUE(CheckBatchCrc(batch).ok());
  batch[17] = std::byte{0xff};
  const Status status = CheckBatchCrc(batch);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code(), ErrorCode::kCorruptBatch);
  EXPECT_EQ(status.error().message(), "crc is 0xffb706cd, but the bytes give 0x0eb706cd");
}

TEST(CheckBatchCrcTest, LessThanAHeaderIsCorrupt) {
  const Bytes batch(60);
  EXPECT_EQ(CheckBatchCrc(batch).error().code(), ErrorCode::kCorruptBatch);
}

// V3's three records, and a header of our choice.
struct Case {
  BatchHeader header = BatchHeader::Decode(Golden("v3_three_records"));
  Bytes block;
  Case() {
    const Bytes batch = Golden("v3_three_records");
    block.assign(batch.begin() + kBatchHeaderBytes, batch.end());
  }
  std::string Outcome() const {
    const auto records = ReadRecords(header, block);
    if (records.ok()) return std::to_string(records.value().size()) + " records";
    EXPECT_EQ(records.error().code(), ErrorCode::kInvalidRecord);
    return records.error().message();
  }
};

TEST(RecordCursorTest, TheCountMustBeThatOfTheBlock) {
  Case c;
  EXPECT_EQ(c.Outcome(), "3 records");
  c.header.records_count = 2;
  EXPECT_EQ(c.Outcome(), "9 bytes follow the last of 2 records");
  c.header.records_count = 4;
  EXPECT_EQ(c.Outcome(), "recordsCount is 4, but the block ends after 3");
  c.header.records_count = -1;
  EXPECT_EQ(c.Outcome(), "recordsCount is -1, less than 0");
  c.header.records_count = 0;
  c.block.clear();
  EXPECT_EQ(c.Outcome(), "0 records");
}

TEST(RecordCursorTest, AnEndStaysAnEnd) {
  const Case c;
  RecordCursor cursor(c.header, c.block);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(cursor.Next()->has_value());
  EXPECT_FALSE(cursor.Next()->has_value());
  EXPECT_FALSE(cursor.Next()->has_value());
}

TEST(RecordCursorTest, AWalkStopsWhereItIsToldAndGoesOnFromThere) {
  const Case c;
  RecordCursor cursor(c.header, c.block);
  const Offset base = c.header.base_offset;
  std::vector<Offset> seen;
  EXPECT_TRUE(cursor.Walk([&](const RecordView& record) {
    seen.push_back(record.offset);
    return seen.size() < 2;
  }));
  EXPECT_EQ(seen, (std::vector<Offset>{base, base + 1}));
  EXPECT_FALSE(cursor.Walk([&](const RecordView& record) {
    seen.push_back(record.offset);
    return true;
  }));
  EXPECT_EQ(seen, (std::vector<Offset>{base, base + 1, base + 2}));
  EXPECT_TRUE(cursor.status().ok());
}

TEST(RecordCursorTest, HolesInTheOffsetsAreFine) {
  Case c;
  c.header.last_offset_delta = 40;
  c.block = FromHex(
      "0c000004010100"    // Offset delta 2.
      "0c00003c010100"    // 30.
      "0c000050010100");  // 40.
  const auto records = *ReadRecords(c.header, c.block);
  EXPECT_EQ(records[0].offset, 2);
  EXPECT_EQ(records[1].offset, 30);
  EXPECT_EQ(records[2].offset, 40);
}

TEST(RecordCursorTest, OffsetsMustRiseAndStayInTheBatch) {
  Case c;
  c.block = FromHex("0c0000000101000c0000000101000c000004010100");
  EXPECT_EQ(c.Outcome(), "record 1: offsetDelta is 0, not in 1..2");
  c.block = FromHex("0c000001010100");
  EXPECT_EQ(c.Outcome(), "record 0: offsetDelta is -1, not in 0..2");
  c.block = FromHex("0c000006010100");
  EXPECT_EQ(c.Outcome(), "record 0: offsetDelta is 3, not in 0..2");
}

TEST(RecordCursorTest, AppendTimeReplacesEveryTimestamp) {
  Case c;
  c.header.attributes = BatchHeader::kLogAppendTimeBit;
  const auto records = ReadRecords(c.header, c.block);
  ASSERT_EQ(records.value().size(), 3U);
  for (const Record& record : records.value()) {
    EXPECT_EQ(record.timestamp, kT + 5);
  }
}

TEST(RecordCursorTest, ABrokenRecordIsNamed) {
  Case c;
  c.block[13] = std::byte{0x03};  // The second record's key length: -2.
  EXPECT_EQ(c.Outcome(), "record 1: keyLength is -2, less than -1");
}

TEST(HeaderCursorTest, GarbageEndsTheWalkInsteadOfTheProcess) {
  RecordView record;
  const Bytes garbage = FromHex("0261ff");
  record.headers = garbage;
  record.headers_count = 1'000'000;
  HeaderCursor cursor(record);
  EXPECT_FALSE(cursor.Next().has_value());
  EXPECT_FALSE(cursor.Next().has_value());
}

TEST(DecompressRecordsTest, PlainRecordsAreNotCopied) {
  const Bytes batch = Golden("v3_three_records");
  Bytes scratch;
  const auto block = DecompressRecords({BatchHeader::Decode(batch), batch}, scratch, 1);
  ASSERT_TRUE(block.ok());
  EXPECT_EQ(block.value().data(), batch.data() + kBatchHeaderBytes);
  EXPECT_TRUE(scratch.empty());
}

TEST(DecompressRecordsTest, UnknownCodecsAreNamed) {
  for (const int codec : {5, 6, 7}) {
    const Bytes batch = WithHeader(Golden("v3_three_records"), [&](auto& h) {
      h.attributes = static_cast<std::int16_t>(codec);
    });
    Bytes scratch;
    const auto block = DecompressRecords({BatchHeader::Decode(batch), batch}, scratch, 1000);
    ASSERT_FALSE(block.ok());
    EXPECT_EQ(block.error().code(), ErrorCode::kUnsupportedCodec);
    EXPECT_EQ(block.error().message(),
              "attributes name codec " + std::to_string(codec) + "; known are 0..4");
  }
}

}  // namespace
}  // namespace qalam
