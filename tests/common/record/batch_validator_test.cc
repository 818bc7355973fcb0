#include "common/record/batch_validator.h"

#include <gtest/gtest.h>

#include "tests/common/record/record_test_util.h"

// A table of lies. Each is refused with its code and a message that names the field and the
// numbers.
namespace qalam {
namespace {

using namespace record_testing;

constexpr TimestampMs kNow = kT + 1000;

Bytes V1() { return Golden("v1_empty_key"); }
Bytes V3() { return Golden("v3_three_records"); }

std::string Outcome(const Bytes& batch, const BatchLimits& limits = {}, TimestampMs now = kNow) {
  const auto validated = ValidateBatch(batch, limits, now);
  return validated.ok() ? "ok" : validated.error().ToString();
}

template <typename Change>
std::string HeaderOutcome(Change change) {
  return Outcome(WithHeader(V3(), change));
}

std::string RecordsOutcome(std::string_view hex, const BatchLimits& limits = {}) {
  return Outcome(WithRecords(V3(), FromHex(hex)), limits);
}

TEST(BatchValidatorTest, AGoodBatchPassesUnchanged) {
  for (const char* name : {"v1_empty_key", "v2_null_key_headers", "v3_three_records"}) {
    const Bytes batch = Golden(name);
    const auto validated = ValidateBatch(batch, {}, kNow);
    ASSERT_TRUE(validated.ok()) << validated.error().ToString();
    EXPECT_EQ(validated->header, BatchHeader::Decode(batch));
  }
}

TEST(BatchValidatorTest, TheFirstRecordsTraceIsFoundAlsoWhereItIsCompressed) {
  constexpr std::string_view kTrace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  const auto trace_of = [](CompressionType codec, std::string_view key, std::string_view value) {
    BatchBuilder builder;
    const HeaderInput headers[] = {{"other", std::nullopt}, {key, AsBytes(value)}};
    builder.Add(kT, std::nullopt, AsBytes("value"), headers);
    builder.Add(kT, std::nullopt, AsBytes("value"));
    BatchBuilder::Trailer trailer;
    trailer.compression = codec;
    const auto validated = ValidateBatch(builder.Finish(trailer), {}, kNow);
    EXPECT_TRUE(validated.ok());
    return validated.ok() ? validated->trace : std::nullopt;
  };
  for (const CompressionType codec : {CompressionType::kNone, CompressionType::kZstd}) {
    ASSERT_TRUE(trace_of(codec, "traceparent", kTrace));
    EXPECT_EQ(trace_of(codec, "traceparent", kTrace)->ToString(), kTrace);
    EXPECT_FALSE(trace_of(codec, "traceparent", "none"));
    EXPECT_FALSE(trace_of(codec, "another", kTrace));
  }
  EXPECT_FALSE(ValidateBatch(V3(), {}, kNow)->trace);
}

TEST(BatchValidatorTest, SizesMustAgree) {
  EXPECT_EQ(Outcome({}), "INVALID_RECORD: no batch: 0 bytes");
  EXPECT_EQ(Outcome(Bytes(10)), "CORRUPT_BATCH: 10 bytes are no batch: the header takes 61");
  Bytes cut = V3();
  cut.pop_back();
  EXPECT_EQ(Outcome(cut), "CORRUPT_BATCH: batchLength is 75, but only 74 bytes follow the field");
  Bytes longer = V3();
  longer.push_back({});
  EXPECT_EQ(Outcome(longer), "CORRUPT_BATCH: batchLength is 75, but 1 bytes follow the batch");
  for (const std::int32_t length : {-1, 0, 13, 48}) {
    EXPECT_EQ(HeaderOutcome([&](auto& h) { h.batch_length = length; }),
              "CORRUPT_BATCH: batchLength is " + std::to_string(length) + ", less than 49");
  }
  EXPECT_EQ(HeaderOutcome([](auto& h) { h.batch_length = 2147483647; }),
            "CORRUPT_BATCH: batchLength is 2147483647, but only 75 bytes follow the field");
}

TEST(BatchValidatorTest, TwoBatchesAreRefused) {
  Bytes two = V3();
  const Bytes second = V1();
  two.insert(two.end(), second.begin(), second.end());
  EXPECT_EQ(Outcome(two),
            "INVALID_RECORD: more than one batch: 69 bytes follow the first one of 87 bytes");
}

TEST(BatchValidatorTest, OldMagicIsRefused) {
  EXPECT_EQ(HeaderOutcome([](auto& h) { h.magic = 1; }), "INVALID_RECORD: magic is 1, not 2");
  EXPECT_EQ(HeaderOutcome([](auto& h) { h.magic = -1; }), "INVALID_RECORD: magic is -1, not 2");
}

TEST(BatchValidatorTest, ABatchAboveTheLimitIsRefusedBeforeItsCrcIsRead) {
  Bytes broken = V3();
  broken.back() ^= std::byte{1};
  EXPECT_EQ(Outcome(broken, {.batch_bytes_max = 86}),
            "BATCH_TOO_LARGE: the batch has 87 bytes; at most 86 are allowed");
  EXPECT_EQ(Outcome(V3(), {.batch_bytes_max = 87}), "ok");
}

TEST(BatchValidatorTest, EveryFlipBehindTheCrcIsACrcError) {
  for (const char* name : {"v3_three_records", "c_gzip", "c_lz4_stored_block"}) {
    const Bytes batch = Golden(name);
    for (std::size_t i = 17; i < batch.size(); ++i) {
      for (int bit = 0; bit < 8; ++bit) {
        Bytes flipped = batch;
        flipped[i] ^= std::byte{1} << bit;
        const auto validated = ValidateBatch(flipped, {}, kNow);
        ASSERT_FALSE(validated.ok()) << name << " byte " << i;
        EXPECT_EQ(validated.error().code(), ErrorCode::kCorruptBatch);
        EXPECT_EQ(validated.error().message().substr(0, 8), "crc is 0") << name << " byte " << i;
      }
    }
  }
}

TEST(BatchValidatorTest, FlipsBeforeTheCrcAreNoCrcErrors) {
  for (std::size_t i = 0; i < 17; ++i) {
    Bytes flipped = V3();
    flipped[i] ^= std::byte{1};
    EXPECT_TRUE(CheckBatchCrc(flipped).ok()) << i;
    const std::string outcome = Outcome(flipped);
    EXPECT_EQ(outcome.find("crc"), std::string::npos) << outcome;
    EXPECT_EQ(outcome == "ok", i >= 12 && i < 16) << i;  // Any leader epoch is replaced anyway.
  }
}

TEST(BatchValidatorTest, HeaderLiesAreNamed) {
  EXPECT_EQ(HeaderOutcome([](auto& h) { h.base_offset = 1000; }),
            "INVALID_RECORD: baseOffset is 1000, not 0");
  EXPECT_EQ(HeaderOutcome([](auto& h) { h.records_count = 0; }),
            "INVALID_RECORD: recordsCount is 0, less than 1");
  EXPECT_EQ(HeaderOutcome([](auto& h) { h.records_count = -2147483647 - 1; }),
            "INVALID_RECORD: recordsCount is -2147483648, less than 1");
  EXPECT_EQ(HeaderOutcome([](auto& h) { h.records_count = 2; }),
            "INVALID_RECORD: lastOffsetDelta is 2, but recordsCount is 2");
  EXPECT_EQ(HeaderOutcome([](auto& h) { h.records_count = 4; }),
            "INVALID_RECORD: lastOffsetDelta is 2, but recordsCount is 4");
  EXPECT_EQ(HeaderOutcome([](auto& h) { h.last_offset_delta = -1; }),
            "INVALID_RECORD: lastOffsetDelta is -1, but recordsCount is 3");
  EXPECT_EQ(HeaderOutcome([](auto& h) { h.last_offset_delta = 2147483647; }),
            "INVALID_RECORD: lastOffsetDelta is 2147483647, but recordsCount is 3");
  EXPECT_EQ(HeaderOutcome([](auto& h) {
              h.records_count = 2;
              h.last_offset_delta = 1;
            }),
            "INVALID_RECORD: recordsCount is 2, but 9 bytes follow the last record");
  EXPECT_EQ(HeaderOutcome([](auto& h) {
              h.records_count = 4;
              h.last_offset_delta = 3;
            }),
            "INVALID_RECORD: recordsCount is 4, but the block ends after 3");
  EXPECT_EQ(HeaderOutcome([](auto& h) {
              h.records_count = 2147483647;
              h.last_offset_delta = 2147483646;
            }),
            "INVALID_RECORD: recordsCount is 2147483647, but the block ends after 3");
}

TEST(BatchValidatorTest, FlagsOfTheBrokerAreRefused) {
  EXPECT_EQ(HeaderOutcome([](auto& h) { h.attributes = 0x20; }),
            "INVALID_RECORD: attributes 0x0020 mark a control batch: only the broker writes those");
  EXPECT_EQ(HeaderOutcome([](auto& h) { h.attributes = 0x40; }),
            "INVALID_RECORD: attributes 0x0040 set the delete horizon: only the broker does that");
  EXPECT_EQ(HeaderOutcome([](auto& h) { h.attributes = 0x08; }),
            "INVALID_TIMESTAMP: attributes 0x0008 say LogAppendTime: only the broker sets that");
  EXPECT_EQ(Outcome(WithHeader(V3(), [](auto& h) { h.attributes = 0x08; }),
                    {.timestamp_type = TimestampType::kLogAppendTime}),
            "INVALID_TIMESTAMP: attributes 0x0008 say LogAppendTime: only the broker sets that");
}

TEST(BatchValidatorTest, UnusedFlagsAreIgnored) {
  EXPECT_EQ(HeaderOutcome([](auto& h) { h.attributes = 0x7f80; }), "ok");
}

TEST(BatchValidatorTest, ProducerFieldsMustGoTogether) {
  EXPECT_EQ(HeaderOutcome([](auto& h) { h.base_sequence = -1; }),
            "INVALID_RECORD: baseSequence is -1 with producerId 4242");
  EXPECT_EQ(HeaderOutcome([](auto& h) { h.producer_epoch = -1; }),
            "INVALID_RECORD: producerEpoch is -1 with producerId 4242");
  EXPECT_EQ(HeaderOutcome([](auto& h) { h.producer_id = -2; }),
            "INVALID_RECORD: producerId is -2, less than -1");
  EXPECT_EQ(HeaderOutcome([](auto& h) {
              h.attributes = 0x10;
              h.producer_id = -1;
            }),
            "INVALID_RECORD: a transactional batch needs a producerId, it has -1");
  EXPECT_EQ(HeaderOutcome([](auto& h) { h.attributes = 0x10; }), "ok");
}

TEST(BatchValidatorTest, UnknownCodecsAreRefused) {
  for (const int codec : {5, 6, 7}) {
    EXPECT_EQ(
        HeaderOutcome([&](auto& h) { h.attributes = static_cast<std::int16_t>(codec); }),
        "UNSUPPORTED_CODEC: attributes name codec " + std::to_string(codec) + "; known are 0..4");
  }
}

TEST(BatchValidatorTest, PlainBytesThatClaimACodecAreCorrupt) {
  for (const int codec : {1, 2, 3, 4}) {
    EXPECT_EQ(HeaderOutcome([&](auto& h) {
                h.attributes = static_cast<std::int16_t>(codec);
              }).substr(0, 13),
              "CORRUPT_BATCH");
  }
}

// V3's records: 1000000002610231 00 | 0e000a0202620100 | 100005040261023200
TEST(BatchValidatorTest, RecordLengthsOffByOneAreNamed) {
  EXPECT_EQ(RecordsOutcome("120000000261023100"
                           "0e000a0202620100"
                           "100005040261023200"),
            "INVALID_RECORD: record 0: length is 9, but the fields take 8 bytes");
  EXPECT_EQ(RecordsOutcome("0e0000000261023100"
                           "0e000a0202620100"
                           "100005040261023200"),
            "INVALID_RECORD: record 0: headersCount is cut off or no varint");
  EXPECT_EQ(RecordsOutcome("100000000261023100"
                           "0e000a0202620100"
                           "120005040261023200"),
            "INVALID_RECORD: record 2: length is 9, but only 8 bytes are left");
}

TEST(BatchValidatorTest, LengthsInsideARecordAreNamed) {
  EXPECT_EQ(RecordsOutcome("100000000361023100"
                           "0e000a0202620100"
                           "100005040261023200"),
            "INVALID_RECORD: record 0: keyLength is -2, less than -1");
  EXPECT_EQ(RecordsOutcome("100000000261023100"
                           "16000a02026201feffffff0f"
                           "100005040261023200"),
            "INVALID_RECORD: record 1: headersCount is 2147483647, but only 0 bytes are left");
  EXPECT_EQ(RecordsOutcome("24008080808080808080808000000261023100"
                           "0e000a0202620100"
                           "100005040261023200"),
            "INVALID_RECORD: record 0: timestampDelta is cut off or no varint");
}

TEST(BatchValidatorTest, OffsetDeltasMustCountUpFromZero) {
  EXPECT_EQ(RecordsOutcome("100000020261023100"
                           "0e000a0202620100"
                           "100005040261023200"),
            "INVALID_RECORD: record 0: offsetDelta is 1, not 0");
  EXPECT_EQ(RecordsOutcome("100000000261023100"
                           "0e000a0002620100"
                           "100005040261023200"),
            "INVALID_RECORD: record 1: offsetDelta is 0, not 1");
}

TEST(BatchValidatorTest, TrailingBytesAreRefused) {
  EXPECT_EQ(RecordsOutcome("100000000261023100"
                           "0e000a0202620100"
                           "100005040261023200"
                           "00"),
            "INVALID_RECORD: recordsCount is 3, but 1 bytes follow the last record");
}

TEST(BatchValidatorTest, LiesInsideACompressedBlockAreFoundToo) {
  for (const CompressionType type : {CompressionType::kGzip, CompressionType::kSnappy,
                                     CompressionType::kLz4, CompressionType::kZstd}) {
    Bytes block;
    ASSERT_TRUE(Compress(type,
                         FromHex("100000000261023100"
                                 "0e000a0002620100"
                                 "100005040261023200"),
                         block)
                    .ok());
    const Bytes batch = WithHeader(
        WithRecords(V3(), block), [&](auto& h) { h.attributes = static_cast<std::int16_t>(type); });
    EXPECT_EQ(Outcome(batch), "INVALID_RECORD: record 1: offsetDelta is 0, not 1");
  }
}

TEST(BatchValidatorTest, ABombIsStoppedAtTheCap) {
  for (const CompressionType type : {CompressionType::kGzip, CompressionType::kSnappy,
                                     CompressionType::kLz4, CompressionType::kZstd}) {
    Bytes block;
    ASSERT_TRUE(Compress(type, Bytes(8 << 20), block).ok());
    const Bytes batch = WithHeader(
        WithRecords(V3(), block), [&](auto& h) { h.attributes = static_cast<std::int16_t>(type); });
    const BatchLimits limits{.decompressed_bytes_max = 1 << 20};
    const auto validated = ValidateBatch(batch, limits, kNow);
    ASSERT_FALSE(validated.ok());
    EXPECT_EQ(validated.error().code(), ErrorCode::kDecompressionLimit) << CompressionName(type);
    EXPECT_NE(validated.error().message().find("more than 1048576 bytes"), std::string::npos);
  }
}

TEST(BatchValidatorTest, ACompactedTopicNeedsKeys) {
  const BatchLimits limits{.key_required = true};
  EXPECT_EQ(Outcome(V3(), limits), "ok");
  EXPECT_EQ(Outcome(V1(), limits), "ok");  // An empty key is a key.
  const auto validated = ValidateBatch(Golden("v2_null_key_headers"), limits, kNow);
  ASSERT_FALSE(validated.ok());
  EXPECT_EQ(validated.error().ToString(),
            "INVALID_RECORD: record 0: no key, but the topic is compacted");
  EXPECT_EQ(validated.error().detail("record_index"), "0");
}

TEST(BatchValidatorTest, TimestampsTooFarFromNowAreRefused) {
  const BatchLimits limits{.timestamp_before_max_ms = 1000, .timestamp_after_max_ms = 500};
  EXPECT_EQ(Outcome(V1(), limits, kT), "ok");
  EXPECT_EQ(Outcome(V1(), limits, kT + 1000), "ok");
  EXPECT_EQ(Outcome(V1(), limits, kT + 1001).substr(0, 52),
            "INVALID_TIMESTAMP: record 0: timestamp 1700000000000");
  EXPECT_EQ(Outcome(V1(), limits, kT - 500), "ok");
  EXPECT_EQ(Outcome(V1(), limits, kT - 501).substr(0, 52),
            "INVALID_TIMESTAMP: record 0: timestamp 1700000000000");
  // V3's middle record is the latest, its last the earliest.
  EXPECT_EQ(Outcome(V3(), limits, kT - 500).substr(0, 28), "INVALID_TIMESTAMP: record 1:");
  EXPECT_EQ(Outcome(V3(), limits, kT + 999).substr(0, 28), "INVALID_TIMESTAMP: record 2:");
}

TEST(BatchValidatorTest, NoTimestampIsAllowedAndANegativeOneIsNot) {
  const BatchLimits limits{.timestamp_before_max_ms = 1000};
  BatchBuilder builder;
  builder.Add(kNoTimestamp, AsBytes("k"), AsBytes("v"));
  EXPECT_EQ(Outcome(builder.Finish({}), limits), "ok");
  builder.Add(-2, AsBytes("k"), AsBytes("v"));
  EXPECT_EQ(Outcome(builder.Finish({})).substr(0, 41), "INVALID_TIMESTAMP: record 0: timestamp -2");
}

TEST(BatchValidatorTest, ATimestampThatOverflowsIsRefused) {
  const Bytes batch = WithHeader(
      V3(), [](auto& h) { h.base_timestamp = std::numeric_limits<TimestampMs>::max() - 2; });
  const BatchLimits limits{.timestamp_after_max_ms = std::numeric_limits<TimestampMs>::max()};
  EXPECT_EQ(Outcome(batch, limits),
            "INVALID_TIMESTAMP: record 1: baseTimestamp 9223372036854775805 and timestampDelta 5 "
            "overflow");
}

TEST(BatchValidatorTest, AWrongMaxTimestampIsPutRightAndTheCrcWithIt) {
  for (const TimestampMs wrong : {kNoTimestamp, kT, kT + 6, std::int64_t{0}}) {
    const Bytes sent = WithHeader(V3(), [&](auto& h) { h.max_timestamp = wrong; });
    const auto validated = ValidateBatch(sent, {}, kNow);
    ASSERT_TRUE(validated.ok());
    EXPECT_EQ(validated->header, BatchHeader::Decode(V3()));  // CRC included.
  }
}

TEST(BatchValidatorTest, AppendTimeIsStampedAndTheRecordsOwnTimesDoNotMatter) {
  const BatchLimits limits{.timestamp_type = TimestampType::kLogAppendTime,
                           .timestamp_before_max_ms = 0,
                           .timestamp_after_max_ms = 0};
  const Bytes sent = V3();
  const auto validated = ValidateBatch(sent, limits, kNow);
  ASSERT_TRUE(validated.ok());
  const BatchHeader header = validated->header;
  EXPECT_TRUE(header.log_append_time());
  EXPECT_EQ(header.max_timestamp, kNow);
  EXPECT_EQ(header.base_timestamp, kT);
  Bytes stored = sent;
  header.Encode(HeaderOf(stored));
  EXPECT_TRUE(CheckBatchCrc(stored).ok());
  const auto records = ReadBatch(stored);
  ASSERT_TRUE(records.ok());
  for (const Record& record : records.value()) EXPECT_EQ(record.timestamp, kNow);
}

TEST(BatchValidatorTest, AppendTimeIsStampedOnCompressedBatchesWithoutTouchingTheBlock) {
  const Bytes sent = Golden("c_gzip");
  const auto validated =
      ValidateBatch(sent, {.timestamp_type = TimestampType::kLogAppendTime}, kNow);
  ASSERT_TRUE(validated.ok());
  Bytes stored = sent;
  validated->header.Encode(HeaderOf(stored));
  EXPECT_TRUE(CheckBatchCrc(stored).ok());
  EXPECT_EQ(validated->header.attributes, 0x09);
}

}  // namespace
}  // namespace qalam
