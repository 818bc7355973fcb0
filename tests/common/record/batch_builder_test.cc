#include "common/record/batch_builder.h"

#include <gtest/gtest.h>

#include <limits>

#include "common/record/batch_validator.h"
#include "tests/common/record/record_test_util.h"

namespace qalam {
namespace {

using namespace record_testing;

TEST(BatchBuilderTest, AnEmptyBuilderHoldsAHeader) {
  const BatchBuilder builder;
  EXPECT_TRUE(builder.empty());
  EXPECT_EQ(builder.records_count(), 0);
  EXPECT_EQ(builder.size_bytes(), kBatchHeaderBytes);
}

TEST(BatchBuilderTest, SizeIsExactAndUnderTheAnnouncedBound) {
  std::mt19937_64 random(1);
  BatchBuilder builder;
  for (const Record& record : RandomRecords(random, 500)) {
    std::vector<HeaderInput> headers;
    for (const auto& [key, value] : record.headers) headers.push_back({key, View(value)});
    const std::size_t before = builder.size_bytes();
    AddTo(builder, record);
    EXPECT_LE(builder.size_bytes() - before,
              BatchBuilder::RecordBytesMax(record.key ? record.key->size() : 0,
                                           record.value ? record.value->size() : 0, headers));
  }
  const std::size_t size = builder.size_bytes();
  EXPECT_EQ(builder.Finish({}).size(), size);
}

TEST(BatchBuilderTest, FinishLeavesAnEmptyBuilderThatBuildsTheSameAgain) {
  BatchBuilder builder(1 << 16);
  const Record first{0, kT, "k", "v", {}};
  const Record second{0, kT + 50, std::nullopt, std::nullopt, {{"h", "x"}}};
  AddTo(builder, first);
  AddTo(builder, second);
  const Bytes once = builder.Finish({});
  EXPECT_TRUE(builder.empty());
  EXPECT_EQ(builder.size_bytes(), kBatchHeaderBytes);
  AddTo(builder, first);
  AddTo(builder, second);
  EXPECT_EQ(ToHex(builder.Finish({})), ToHex(once));
}

TEST(BatchBuilderTest, FinishInPlaceGivesTheSameBytesAndKeepsTheRecords) {
  BatchBuilder builder;
  std::mt19937_64 random(2);
  const std::vector<Record> records = RandomRecords(random, 300);
  for (const Record& record : records) AddTo(builder, record);
  const BatchBuilder::Trailer trailer{.producer_id = 7, .producer_epoch = 1, .base_sequence = 40};
  const std::string first = ToHex(builder.FinishInPlace({}));
  const std::string second = ToHex(builder.FinishInPlace(trailer));
  EXPECT_NE(first, second);
  EXPECT_EQ(ToHex(builder.Finish(trailer)), second);
  EXPECT_TRUE(builder.empty());

  for (const Record& record : records) AddTo(builder, record);
  builder.Clear();
  EXPECT_TRUE(builder.empty());
  EXPECT_EQ(builder.size_bytes(), kBatchHeaderBytes);
  EXPECT_GT(builder.capacity_bytes(), 0U);
  for (const Record& record : records) AddTo(builder, record);
  EXPECT_EQ(ToHex(builder.FinishInPlace({})), first);
}

TEST(BatchBuilderTest, ASmallBatchDoesNotTakeALargeBufferAlong) {
  BatchBuilder builder(1 << 20);
  builder.Add(kT, std::nullopt, AsBytes("v"));
  const Bytes batch = builder.Finish({});
  EXPECT_LE(batch.capacity(), 4 * batch.size());
}

TEST(BatchBuilderTest, ManyBatchesOfChangingSizesKeepTheirRecords) {
  std::mt19937_64 random(3);
  BatchBuilder builder;
  for (int round = 0; round < 50; ++round) {
    const std::vector<Record> records = RandomRecords(random, 1 + random() % 400);
    for (const Record& record : records) AddTo(builder, record);
    const auto back = ReadBatch(builder.Finish({}));
    ASSERT_TRUE(back.ok());
    EXPECT_EQ(back.value(), records);
  }
}

TEST(BatchBuilderTest, TimestampsAreDeltasToTheFirstAndTheLargestIsKept) {
  BatchBuilder builder;
  for (const TimestampMs timestamp : {kT, kT + 70'000, kT - 9'000, kNoTimestamp}) {
    builder.Add(timestamp, std::nullopt, AsBytes("v"));
  }
  const Bytes batch = builder.Finish({});
  const BatchHeader header = BatchHeader::Decode(batch);
  EXPECT_EQ(header.base_timestamp, kT);
  EXPECT_EQ(header.max_timestamp, kT + 70'000);
  const auto records = *ReadBatch(batch);
  EXPECT_EQ(records[2].timestamp, kT - 9'000);
  EXPECT_EQ(records[3].timestamp, kNoTimestamp);
}

TEST(BatchBuilderTest, TimestampsFarApartWrapAndComeBack) {
  BatchBuilder builder;
  const TimestampMs lowest = std::numeric_limits<TimestampMs>::min();
  const TimestampMs highest = std::numeric_limits<TimestampMs>::max();
  builder.Add(lowest, std::nullopt, std::nullopt);
  builder.Add(highest, std::nullopt, std::nullopt);
  const auto records = *ReadBatch(builder.Finish({}));
  EXPECT_EQ(records[0].timestamp, lowest);
  EXPECT_EQ(records[1].timestamp, highest);
}

TEST(BatchBuilderTest, AValueLargerThanTheBufferGrowsIt) {
  BatchBuilder builder(16);
  const std::string large(300'000, 'x');
  builder.Add(kT, AsBytes("k"), AsBytes("small"));
  builder.Add(kT, AsBytes("k"), AsBytes(large));
  builder.Add(kT, AsBytes("k"), AsBytes("small again"));
  const auto records = *ReadBatch(builder.Finish({}));
  ASSERT_EQ(records.size(), 3U);
  EXPECT_EQ(records[0].value, "small");
  EXPECT_EQ(records[1].value, large);
  EXPECT_EQ(records[2].value, "small again");
}

TEST(BatchBuilderTest, LengthsAroundTheVarintStepsRoundTrip) {
  BatchBuilder builder;
  std::vector<Record> expected;
  for (const std::size_t size :
       std::initializer_list<std::size_t>{0, 1, 62, 63, 64, 65, 8190, 8191, 8192, 8193}) {
    expected.push_back({static_cast<Offset>(expected.size()),
                        kT,
                        std::string(size, 'k'),
                        std::string(size, 'v'),
                        {{std::string(size, 'h'), std::string(size, 'x')}}});
    AddTo(builder, expected.back());
  }
  EXPECT_EQ(*ReadBatch(builder.Finish({})), expected);
}

TEST(BatchBuilderTest, CompressedBatchesCarryTheirCodecAndPlainCount) {
  for (const CompressionType type : {CompressionType::kGzip, CompressionType::kSnappy,
                                     CompressionType::kLz4, CompressionType::kZstd}) {
    BatchBuilder builder;
    for (int i = 0; i < 1000; ++i) builder.Add(kT + i, AsBytes("key"), AsBytes("the same value"));
    const std::size_t plain = builder.size_bytes();
    const Bytes batch = builder.Finish({.compression = type, .compression_level = 0});
    EXPECT_LT(batch.size(), plain / 2) << CompressionName(type);
    EXPECT_EQ(BatchHeader::Decode(batch).records_count, 1000);
    EXPECT_EQ(BatchHeader::Decode(batch).codec_bits(), static_cast<int>(type));
    EXPECT_TRUE(ValidateBatch(batch, {}, kT).ok()) << CompressionName(type);
  }
}

TEST(BatchBuilderDeathTest, AnUnknownLevelIsABug) {
  BatchBuilder builder;
  builder.Add(kT, std::nullopt, AsBytes("v"));
  EXPECT_DEATH(
      (void)builder.Finish({.compression = CompressionType::kGzip, .compression_level = 77}), "");
}

}  // namespace
}  // namespace qalam
