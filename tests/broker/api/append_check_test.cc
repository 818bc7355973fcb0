#include "broker/api/append_check.h"

#include <gtest/gtest.h>

#include "tests/broker/api/broker_bench.h"

namespace qalam {
namespace {

// Few bytes that unpack to `bytes` and a few more, in one record.
SharedSlice Inflated(std::size_t bytes) {
  const Bytes value(bytes);
  BatchBuilder builder;
  builder.Add(SystemClock::Get().NowMs(), std::nullopt, value);
  BatchBuilder::Trailer trailer;
  trailer.compression = CompressionType::kZstd;
  return SharedSlice::Own(builder.Finish(trailer));
}

class AppendCheckTest : public ::testing::Test {
 protected:
  void SetUp() override {
    bench_.options.decompressed_bytes_max = std::size_t{12} << 20;
    ASSERT_TRUE(bench_.Start().ok());
    ASSERT_TRUE(bench_.Create("events").ok());
  }

  ProduceBatch Make(SharedSlice bytes, Question<AppendResult>& question) {
    ProduceBatch batch;
    batch.batch = std::move(bytes);
    batch.reply = question.reply();
    return batch;
  }

  BrokerBench bench_;
};

TEST_F(AppendCheckTest, WhatUnpacksToMuchIsCheckedElsewhereAndTakenAfterwards) {
  const auto large = std::move(bench_.OpenProduce(kEvents)).value();
  Question<AppendResult> answer;
  ProduceBatch batch = Make(Inflated(std::size_t{8} << 20), answer);
  EXPECT_FALSE(large->TrySubmit(batch));
  // Others go on meanwhile.
  const auto small = std::move(bench_.OpenProduce(kEvents)).value();
  Question<AppendResult> other;
  ProduceBatch plain = Make(BrokerBench::Batch({"small"}), other);
  EXPECT_TRUE(small->TrySubmit(plain));
  EXPECT_EQ(other.Wait().value().base_offset, 0);

  BrokerBench::Submit(*large, std::move(batch));
  EXPECT_EQ(answer.Wait().value().base_offset, 1);
}

TEST_F(AppendCheckTest, WhatIsFoundWantingThereKeepsItsPlace) {
  const auto session = std::move(bench_.OpenProduce(kEvents)).value();
  Question<AppendResult> too_large;
  Question<AppendResult> next;
  BrokerBench::Submit(*session, Make(Inflated(std::size_t{14} << 20), too_large));
  BrokerBench::Submit(*session, Make(BrokerBench::Batch({"next"}), next));
  EXPECT_EQ(too_large.Wait().error().code(), ErrorCode::kDecompressionLimit);
  EXPECT_EQ(next.Wait().error().code(), ErrorCode::kPrecedingFailed);
}

TEST_F(AppendCheckTest, LittleIsCheckedAtOnce) {
  const auto session = std::move(bench_.OpenProduce(kEvents)).value();
  Question<AppendResult> answer;
  ProduceBatch batch = Make(Inflated(1000), answer);
  EXPECT_TRUE(session->TrySubmit(batch));
  EXPECT_TRUE(answer.Wait().ok());
}

TEST(AppendCheckStopTest, APoolThatHasStoppedRefuses) {
  TaskPool pool("check", 1);
  pool.Start();
  pool.Stop();
  const auto check = AppendCheck::Begin(pool, nullptr, Inflated(1000), SystemClock::Get());
  bool called = false;
  check->OnDone([&called] { called = true; });
  EXPECT_TRUE(called);
  const auto command = check->Take();
  ASSERT_TRUE(command.has_value());
  EXPECT_EQ(command->refused->code(), ErrorCode::kShuttingDown);
}

}  // namespace
}  // namespace qalam
