#include "client/record_accumulator.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "common/record/batch_view.h"

namespace qalam::abi0 {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const TimePoint kNow{seconds(1000)};

RecordRef Value(std::string_view value) {
  RecordRef record;
  record.value = value;
  return record;
}

class RecordAccumulatorTest : public ::testing::Test {
 protected:
  BufferPool pool_{1 << 20};
};

TEST_F(RecordAccumulatorTest, CountsRecordsAndEncodesThem) {
  RecordAccumulator accumulator({}, pool_);
  EXPECT_TRUE(accumulator.empty());
  EXPECT_EQ(accumulator.Add(Value("one"), 17, 100, kNow), 0);
  HeaderView header{"h", std::nullopt};
  RecordRef with_header = Value("two");
  with_header.key = "k";
  with_header.headers = &header;
  with_header.headers_count = 1;
  EXPECT_EQ(accumulator.Add(with_header, 18, 50, kNow), 1);
  const BatchPtr batch = accumulator.Seal();
  EXPECT_TRUE(accumulator.empty());
  EXPECT_EQ(batch->records_count, 2);
  EXPECT_EQ(batch->reserved_bytes, 150u);

  BatchCursor batches(batch->buffer->Stamp({7, 1}, 5));
  const BatchSpan span = *batches.Next().value();
  EXPECT_TRUE(CheckBatchCrc(span.bytes).ok());
  EXPECT_EQ(span.header.producer_id, 7);
  EXPECT_EQ(span.header.base_sequence, 5);
  RecordCursor records(span.header, span.records());
  EXPECT_EQ(AsText(*records.Next().value()->value), "one");
  const qalam::RecordView second = *records.Next().value();
  EXPECT_EQ(AsText(*second.key), "k");
  EXPECT_EQ(second.timestamp, 18);
  EXPECT_EQ(second.headers_count, 1);
}

TEST(PendingBatchTest, CountsTheCallersThatTakeTurns) {
  PendingBatch batch;
  EXPECT_EQ(batch.callers_count, 0);
  for (int i = 0; i < 3; ++i) batch.NoteCaller();
  EXPECT_EQ(batch.callers_count, 1);
  std::thread([&] { batch.NoteCaller(); }).join();
  EXPECT_EQ(batch.callers_count, 2);
  batch.NoteCaller();
  EXPECT_EQ(batch.callers_count, 3);
}

TEST_F(RecordAccumulatorTest, WantsToBeSealedBeforeARecordThatDoesNotFit) {
  AccumulatorOptions options;
  options.batch_bytes = 300;
  RecordAccumulator accumulator(options, pool_);
  const std::string value(100, 'x');
  const std::size_t bytes = RecordAccumulator::RecordBytes(Value(value));
  EXPECT_FALSE(accumulator.MustSealBefore(100'000));  // An empty one takes any record.
  accumulator.Add(Value(value), 0, 0, kNow);
  EXPECT_FALSE(accumulator.MustSealBefore(bytes - 100));
  EXPECT_TRUE(accumulator.MustSealBefore(200));
}

TEST_F(RecordAccumulatorTest, SealsAfterLingerAndAtTheDeadlineAtTheLatest) {
  AccumulatorOptions options;
  options.linger = milliseconds(5);
  options.delivery_timeout = milliseconds(100);
  RecordAccumulator lingering(options, pool_);
  EXPECT_EQ(lingering.seal_at(), TimePoint::max());
  lingering.Add(Value("x"), 0, 0, kNow);
  EXPECT_EQ(lingering.seal_at(), kNow + milliseconds(5));
  options.linger = milliseconds(0);
  RecordAccumulator plain(options, pool_);
  plain.Add(Value("x"), 0, 0, kNow);
  EXPECT_EQ(plain.seal_at(), kNow + milliseconds(100));
}

TEST_F(RecordAccumulatorTest, PoolGivesBackOnlyBuffersThatNobodyElseHolds) {
  auto buffer = pool_.Take();
  const BatchBuffer* const address = buffer.get();
  buffer->builder().Add(0, std::nullopt, AsBytes("x"));
  auto held = buffer;
  pool_.Give(std::move(buffer));
  EXPECT_NE(pool_.Take().get(), address);
  pool_.Give(std::move(held));
  auto again = pool_.Take();
  EXPECT_EQ(again.get(), address);
  EXPECT_TRUE(again->builder().empty());
}

}  // namespace
}  // namespace qalam::abi0
