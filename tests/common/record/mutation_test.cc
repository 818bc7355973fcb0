#include <gtest/gtest.h>

#include <array>

#include "common/record/batch_validator.h"
#include "tests/common/record/record_test_util.h"

// Goal: no bytes from outside crash us, and none that differ from what the producer sent get past
// the CRC. Method: random batches, bent at random; where the CRC is put right again, the walk
// behind it must hold by itself (the sanitizer builds watch the bounds).
namespace qalam {
namespace {

using namespace record_testing;

constexpr std::array kTypes = {CompressionType::kNone, CompressionType::kGzip,
                               CompressionType::kSnappy, CompressionType::kLz4,
                               CompressionType::kZstd};

Bytes RandomBatch(std::mt19937_64& random) {
  BatchBuilder builder;
  for (const Record& record : RandomRecords(random, 12)) AddTo(builder, record);
  return builder.Finish({.compression = kTypes[random() % kTypes.size()]});
}

// Its own buffer of exactly this size: a read past the end is a heap overflow for ASan.
void ReadEverything(const Bytes& batch) {
  const Bytes exact(batch.begin(), batch.end());
  (void)ValidateBatch(exact, {.decompressed_bytes_max = 1 << 20}, kT);
  BatchCursor cursor(exact);
  while (true) {
    const auto next = cursor.Next();
    if (!next.ok() || !next.value()) return;
    (void)ReadBatch((*next.value()).bytes);
  }
}

TEST(MutationTest, FlipsBehindTheCrcFieldAreAlwaysFound) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 300; ++round) {
    const Bytes batch = RandomBatch(random);
    for (int flips = 0; flips < 20; ++flips) {
      Bytes bent = batch;
      const std::size_t at = kBatchCrcStart + random() % (bent.size() - kBatchCrcStart);
      bent[at] ^= static_cast<std::byte>(1 + random() % 255);
      EXPECT_FALSE(CheckBatchCrc(bent).ok());
      const auto validated = ValidateBatch(bent, {}, kT);
      ASSERT_FALSE(validated.ok());
      EXPECT_EQ(validated.error().code(), ErrorCode::kCorruptBatch);
    }
  }
}

TEST(MutationTest, EveryTruncationIsRefused) {
  std::mt19937_64 random(4);
  for (int round = 0; round < 30; ++round) {
    const Bytes batch = RandomBatch(random);
    const std::size_t step = 1 + batch.size() / 200;
    for (std::size_t size = 0; size < batch.size(); size += step) {
      const Bytes cut(batch.begin(), batch.begin() + static_cast<std::ptrdiff_t>(size));
      EXPECT_FALSE(ValidateBatch(cut, {}, kT).ok()) << size;
      ReadEverything(cut);
    }
  }
}

TEST(MutationTest, BentRecordsUnderARightCrcNeverCrash) {
  std::mt19937_64 random(5);
  int refused = 0;
  constexpr int kRounds = 4000;
  for (int round = 0; round < kRounds; ++round) {
    Bytes batch = RandomBatch(random);
    for (std::uint64_t flips = 1 + random() % 5; flips > 0; --flips) {
      const std::size_t at = kBatchCrcStart + random() % (batch.size() - kBatchCrcStart);
      // Bytes with a high bit or near zero are the ones that lengths are made of.
      constexpr std::array kEvil = {0x00, 0x01, 0x03, 0x7f, 0x80, 0xff};
      batch[at] = static_cast<std::byte>(random() % 2 == 0 ? kEvil[random() % kEvil.size()]
                                                           : static_cast<int>(random() % 256));
    }
    batch = WithHeader(std::move(batch), [](BatchHeader&) {});
    refused += ValidateBatch(batch, {}, kT).ok() ? 0 : 1;
    ReadEverything(batch);
  }
  EXPECT_GT(refused, kRounds / 10);
}

TEST(MutationTest, RecordsCutShortUnderARightCrcAreRefused) {
  std::mt19937_64 random(6);
  for (int round = 0; round < 200; ++round) {
    BatchBuilder builder;
    for (const Record& record : RandomRecords(random, 6)) AddTo(builder, record);
    const Bytes batch = builder.Finish({});
    const BytesView records = BytesView(batch).subspan(kBatchHeaderBytes);
    const Bytes cut = WithRecords(batch, records.first(random() % records.size()));
    const auto validated = ValidateBatch(cut, {}, kT);
    ASSERT_FALSE(validated.ok());
    EXPECT_EQ(validated.error().code(), ErrorCode::kInvalidRecord);
    ReadEverything(cut);
  }
}

TEST(MutationTest, NoiseNeverCrashes) {
  std::mt19937_64 random(9);
  for (int round = 0; round < 5000; ++round) {
    Bytes noise(random() % 300);
    for (std::byte& byte : noise) byte = static_cast<std::byte>(random());
    if (noise.size() > 16) noise[16] = std::byte{2};
    ReadEverything(noise);
  }
}

}  // namespace
}  // namespace qalam
