#include <gtest/gtest.h>

#include <array>
#include <ostream>

#include "common/record/batch_validator.h"
#include "tests/common/record/record_test_util.h"

// The byte-exact vectors: what they decode to, and that we produce the same bytes.
namespace qalam {
namespace {

using namespace record_testing;

const Record kV1Record{0, kT, "", "v", {}};
const Record kV2Record{0, kT, std::nullopt, "hello", {{"h1", "x"}, {"h2", std::nullopt}}};

std::vector<Record> V3Records(Offset base) {
  return {{base, kT, "a", "1", {}},
          {base + 1, kT + 5, "b", std::nullopt, {}},
          {base + 2, kT - 3, "a", "2", {}}};
}

BatchHeader V3Header() {
  BatchHeader header;
  header.batch_length = 75;
  header.crc = 0x430f0aba;
  header.last_offset_delta = 2;
  header.base_timestamp = kT;
  header.max_timestamp = kT + 5;
  header.producer_id = 4242;
  header.producer_epoch = 3;
  header.base_sequence = 7;
  header.records_count = 3;
  return header;
}

Bytes Stored(const Bytes& received, const BatchLimits& limits, TimestampMs now, Offset base,
             Epoch epoch) {
  const auto validated = ValidateBatch(received, limits, now);
  EXPECT_TRUE(validated.ok());
  Bytes stored = received;
  const auto start = HeaderOf(stored);
  validated->header.Encode(start);
  StampBatch(start, base, epoch);
  return stored;
}

class GoldenTest : public testing::TestWithParam<const char*> {};

TEST_P(GoldenTest, HasTheRightCrcAndSurvivesDecodeAndEncode) {
  const Bytes batch = Golden(GetParam());
  EXPECT_TRUE(CheckBatchCrc(batch).ok());
  const BatchHeader header = BatchHeader::Decode(batch);
  EXPECT_EQ(header.size_bytes(), static_cast<std::int64_t>(batch.size()));
  EXPECT_EQ(header.magic, kBatchMagic);
  BatchHeaderBytes encoded;
  header.Encode(encoded);
  EXPECT_EQ(ToHex(encoded), ToHex(BytesView(batch).first(kBatchHeaderBytes)));
}

INSTANTIATE_TEST_SUITE_P(AllVectors, GoldenTest,
                         testing::Values("v1_empty_key", "v2_null_key_headers", "v3_three_records",
                                         "v4_v3_appended", "v5_v1_log_append_time",
                                         "v6_commit_marker", "v7_empty_after_compaction", "c_gzip",
                                         "c_snappy_raw", "c_snappy_xerial", "c_lz4_stored_block",
                                         "c_zstd_raw_block"));

TEST(GoldenVectorTest, V1HasAnEmptyKeyThatIsNotNull) {
  const Bytes batch = Golden("v1_empty_key");
  BatchHeader expected;
  expected.batch_length = 57;
  expected.crc = 0x0eb706cd;
  expected.base_timestamp = expected.max_timestamp = kT;
  expected.records_count = 1;
  EXPECT_EQ(BatchHeader::Decode(batch), expected);
  EXPECT_EQ(*ReadBatch(batch), std::vector{kV1Record});

  BatchBuilder builder;
  AddTo(builder, kV1Record);
  EXPECT_EQ(ToHex(builder.Finish({})), ToHex(batch));
}

TEST(GoldenVectorTest, V2HasANullKeyAndHeadersOneOfThemNull) {
  const Bytes batch = Golden("v2_null_key_headers");
  EXPECT_EQ(BatchHeader::Decode(batch).crc, 0x2120e6caU);
  EXPECT_EQ(*ReadBatch(batch), std::vector{kV2Record});

  BatchBuilder builder;
  AddTo(builder, kV2Record);
  EXPECT_EQ(ToHex(builder.Finish({})), ToHex(batch));
}

TEST(GoldenVectorTest, V3HasThreeRecordsOfAnIdempotentProducer) {
  const Bytes batch = Golden("v3_three_records");
  EXPECT_EQ(BatchHeader::Decode(batch), V3Header());
  EXPECT_EQ(BatchHeader::Decode(batch).last_sequence(), 9);
  EXPECT_EQ(*ReadBatch(batch), V3Records(0));

  BatchBuilder builder;
  for (const Record& record : V3Records(0)) AddTo(builder, record);
  const Bytes built =
      builder.Finish({.producer_id = 4242, .producer_epoch = 3, .base_sequence = 7});
  EXPECT_EQ(ToHex(built), ToHex(batch));
}

TEST(GoldenVectorTest, V4IsV3StampedWithoutANewCrc) {
  const Bytes batch = Golden("v4_v3_appended");
  BatchHeader expected = V3Header();
  expected.base_offset = 1000;
  expected.leader_epoch = 9;
  EXPECT_EQ(BatchHeader::Decode(batch), expected);
  EXPECT_EQ(*ReadBatch(batch), V3Records(1000));

  EXPECT_EQ(ToHex(Stored(Golden("v3_three_records"), {}, kT, 1000, 9)), ToHex(batch));
  Bytes stamped = Golden("v3_three_records");
  StampBatch(HeaderOf(stamped), 1000, 9);
  EXPECT_EQ(ToHex(stamped), ToHex(batch));
}

TEST(GoldenVectorTest, V5IsV1StampedWithTheAppendTime) {
  const Bytes batch = Golden("v5_v1_log_append_time");
  const BatchHeader header = BatchHeader::Decode(batch);
  EXPECT_TRUE(header.log_append_time());
  EXPECT_EQ(header.max_timestamp, kT + 777);
  EXPECT_EQ(header.crc, 0x3aefd020U);
  EXPECT_EQ(*ReadBatch(batch), (std::vector{Record{42, kT + 777, "", "v", {}}}));

  const BatchLimits limits{.timestamp_type = TimestampType::kLogAppendTime};
  EXPECT_EQ(ToHex(Stored(Golden("v1_empty_key"), limits, kT + 777, 42, 7)), ToHex(batch));
}

TEST(GoldenVectorTest, V6IsACommitMarkerThatClientsMayNotSend) {
  const Bytes batch = Golden("v6_commit_marker");
  const BatchHeader header = BatchHeader::Decode(batch);
  EXPECT_TRUE(header.control());
  EXPECT_TRUE(header.transactional());
  EXPECT_EQ(header.base_sequence, -1);
  const std::vector<Record> records = *ReadBatch(batch);
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].offset, 1003);
  EXPECT_EQ(ToHex(AsBytes(*records[0].key)), "00000001");        // Version 0, COMMIT.
  EXPECT_EQ(ToHex(AsBytes(*records[0].value)), "00000000000b");  // Version 0, coordinator epoch 11.

  const Bytes sent = WithHeader(batch, [](BatchHeader& h) { h.base_offset = 0; });
  const auto validated = ValidateBatch(sent, {}, kT);
  ASSERT_FALSE(validated.ok());
  EXPECT_EQ(validated.error().code(), ErrorCode::kInvalidRecord);
  EXPECT_NE(validated.error().message().find("control"), std::string::npos);
}

TEST(GoldenVectorTest, V7IsAHeaderWithoutRecords) {
  const Bytes batch = Golden("v7_empty_after_compaction");
  ASSERT_EQ(batch.size(), kBatchHeaderBytes);
  const BatchHeader header = BatchHeader::Decode(batch);
  EXPECT_EQ(header.records_count, 0);
  EXPECT_EQ(header.base_timestamp, kNoTimestamp);
  EXPECT_EQ(header.next_offset(), 1003);
  EXPECT_TRUE(ReadBatch(batch)->empty());
  BatchCursor cursor(batch);
  EXPECT_TRUE(cursor.Next()->has_value());
  EXPECT_FALSE(cursor.Next()->has_value());
}

struct CodecVector {
  const char* name;
  CompressionType type;
  // Else GoogleTest prints its bytes, the unset ones between members too.
  friend void PrintTo(const CodecVector& vector, std::ostream* out) { *out << vector.name; }
};

class GoldenCodecTest : public testing::TestWithParam<CodecVector> {};

TEST_P(GoldenCodecTest, UnpacksToTheRecordsOfV3AndPassesValidation) {
  const Bytes batch = Golden(GetParam().name);
  const Bytes plain = Golden("v3_three_records");
  const BatchSpan span{BatchHeader::Decode(batch), batch};
  EXPECT_EQ(span.header.codec_bits(), static_cast<int>(GetParam().type));
  Bytes scratch;
  const auto block = DecompressRecords(span, scratch, 26);  // Exactly as many as there are.
  ASSERT_TRUE(block.ok()) << block.error().ToString();
  EXPECT_EQ(ToHex(*block), ToHex(BytesView(plain).subspan(kBatchHeaderBytes)));
  EXPECT_EQ(*ReadBatch(batch), V3Records(0));
  const auto validated = ValidateBatch(batch, {}, kT);
  ASSERT_TRUE(validated.ok()) << validated.error().ToString();
  EXPECT_EQ(validated->header, span.header);

  const auto over = DecompressRecords(span, scratch, 25);
  ASSERT_FALSE(over.ok());
  EXPECT_EQ(over.error().code(), ErrorCode::kDecompressionLimit);
}

TEST_P(GoldenCodecTest, WeWriteAFrameThatReadsBack) {
  BatchBuilder builder;
  for (const Record& record : V3Records(0)) AddTo(builder, record);
  const Bytes batch = builder.Finish({.compression = GetParam().type});
  EXPECT_EQ(BatchHeader::Decode(batch).codec_bits(), static_cast<int>(GetParam().type));
  EXPECT_TRUE(ValidateBatch(batch, {}, kT).ok());
  EXPECT_EQ(*ReadBatch(batch), V3Records(0));
}

INSTANTIATE_TEST_SUITE_P(AllCodecs, GoldenCodecTest,
                         testing::Values(CodecVector{"c_gzip", CompressionType::kGzip},
                                         CodecVector{"c_snappy_raw", CompressionType::kSnappy},
                                         CodecVector{"c_snappy_xerial", CompressionType::kSnappy},
                                         CodecVector{"c_lz4_stored_block", CompressionType::kLz4},
                                         CodecVector{"c_zstd_raw_block", CompressionType::kZstd}),
                         [](const auto& param_info) { return std::string(param_info.param.name); });

}  // namespace
}  // namespace qalam
