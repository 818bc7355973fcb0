#include <gtest/gtest.h>

#include <array>

#include "common/record/batch_validator.h"
#include "tests/common/record/record_test_util.h"

// Goal: whatever goes into a builder comes out of a cursor, through every codec, and passes
// validation unchanged. Method: random batches from a fixed seed; a failure prints the round.
namespace qalam {
namespace {

using namespace record_testing;

class RoundTripTest : public testing::TestWithParam<CompressionType> {};

TEST_P(RoundTripTest, RandomBatchesComeBackAsTheyWere) {
  constexpr int kRounds = 60;
  const BatchLimits limits{.batch_bytes_max = std::size_t{64} << 20};
  std::mt19937_64 random(42);
  BatchBuilder builder;
  for (int round = 0; round < kRounds; ++round) {
    SCOPED_TRACE(round);
    const std::vector<Record> records = RandomRecords(random, round % 10 == 0 ? 2000 : 40);
    for (const Record& record : records) AddTo(builder, record);
    const BatchBuilder::Trailer trailer{
        .compression = GetParam(),
        .producer_id = static_cast<ProducerId>(random() % 1000),
        .producer_epoch = static_cast<std::int16_t>(random() % 100),
        .base_sequence = static_cast<std::int32_t>(random() & 0x7fffffff)};
    const Bytes batch = builder.Finish(trailer);

    EXPECT_TRUE(CheckBatchCrc(batch).ok());
    const auto back = ReadBatch(batch);
    ASSERT_TRUE(back.ok()) << back.error().ToString();
    EXPECT_EQ(back.value(), records);
    const auto validated = ValidateBatch(batch, limits, kT);
    ASSERT_TRUE(validated.ok()) << validated.error().ToString();
    EXPECT_EQ(validated->header, BatchHeader::Decode(batch));
    EXPECT_EQ(validated->header.producer_id, trailer.producer_id);
    EXPECT_EQ(validated->header.base_sequence, trailer.base_sequence);

    // After the append: offsets follow the base offset.
    Bytes stored = batch;
    StampBatch(HeaderOf(stored), 1'000'000'000'000, 77);
    EXPECT_TRUE(CheckBatchCrc(stored).ok());
    EXPECT_EQ(ReadBatch(stored)->back().offset,
              999'999'999'999 + static_cast<Offset>(records.size()));
  }
}

INSTANTIATE_TEST_SUITE_P(AllCodecs, RoundTripTest,
                         testing::Values(CompressionType::kNone, CompressionType::kGzip,
                                         CompressionType::kSnappy, CompressionType::kLz4,
                                         CompressionType::kZstd),
                         [](const auto& param_info) {
                           return std::string(CompressionName(param_info.param));
                         });

}  // namespace
}  // namespace qalam
