#include "qalam/reader.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "common/record/batch_builder.h"
#include "qalam/client.h"
#include "tests/client/fake_broker.h"

namespace qalam::abi0 {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

class ReaderTest : public ::testing::Test {
 protected:
  ReaderTest() : client_(broker_.Connect()) { broker_.CreateTopic("orders", 3); }

  Reader Open(From from, ReaderOptions options = {}, std::int32_t partition = 0) {
    return client_.NewReader({{"orders", partition}}, from, options).Value();
  }
  // Reads until `count` records came, the reader is done, or ten seconds passed; checks that
  // offsets are dense. Returns the values.
  static std::vector<std::string> Read(Reader& reader, std::size_t count) {
    std::vector<std::string> values;
    std::int64_t expected = -1;
    const auto end = Clock::now() + 10s;
    while (values.size() < count && !reader.done() && Clock::now() < end) {
      const auto batch = reader.Next(100ms);
      if (!batch.ok()) {
        values.push_back("error " + batch.error().code());
        break;
      }
      for (const RecordView& record : *batch) {
        if (expected >= 0) {
          EXPECT_EQ(record.offset(), expected);
        }
        expected = record.offset() + 1;
        values.emplace_back(record.value().value_or("(null)"));
      }
    }
    return values;
  }
  static std::vector<std::string> Numbered(const std::string& prefix, int from, int to) {
    std::vector<std::string> values;
    for (int i = from; i < to; ++i) values.push_back(prefix + std::to_string(i));
    return values;
  }
  // The next error, or "" when none comes in two seconds.
  static std::string NextError(Reader& reader) {
    const auto end = Clock::now() + 2s;
    while (Clock::now() < end) {
      const auto batch = reader.Next(20ms);
      if (!batch.ok()) return batch.error().code();
    }
    return "";
  }

  FakeBroker broker_;
  Client client_;
};

TEST_F(ReaderTest, ReadsWhatIsThereAndThenFollows) {
  broker_.Append("orders", 0, "a", 3);
  Reader reader = Open(From::Start());
  EXPECT_EQ(Read(reader, 3), Numbered("a", 0, 3));
  broker_.Append("orders", 0, "b", 2);
  EXPECT_EQ(Read(reader, 2), Numbered("b", 0, 2));
}

TEST_F(ReaderTest, ShowsEverythingOfARecord) {
  BatchBuilder builder;
  const std::vector<HeaderInput> headers = {{"h", AsBytes("1")}, {"h", std::nullopt}};
  builder.Add(77, AsBytes("key"), std::nullopt, headers);
  broker_.AppendRaw("orders", 2, std::string(AsText(builder.Finish({}))), 1);
  Reader reader = Open(From::Start(), {}, 2);
  Batch batch;
  while (batch.empty()) batch = reader.Next(1s).Value();
  EXPECT_EQ(batch.topic(), "orders");
  EXPECT_EQ(batch.partition(), 2);
  EXPECT_EQ(batch.next_offset(), 1);
  EXPECT_EQ(batch.high_watermark(), 1);
  const RecordView& record = batch[0];
  EXPECT_EQ(record.topic(), "orders");
  EXPECT_EQ(record.partition(), 2);
  EXPECT_EQ(record.offset(), 0);
  EXPECT_EQ(record.leader_epoch(), 3);
  EXPECT_EQ(record.timestamp_ms(), 77);
  EXPECT_EQ(record.key(), "key");
  EXPECT_FALSE(record.value().has_value());
  ASSERT_EQ(record.headers_count(), 2);
  HeaderReader walk = record.headers();
  EXPECT_EQ(walk.Next()->value, "1");
  EXPECT_FALSE(walk.Next()->value.has_value());
  EXPECT_FALSE(walk.Next().has_value());
  const ReaderPosition position = reader.positions()[0];
  EXPECT_EQ(position.next_offset, 1);
  EXPECT_EQ(position.high_watermark, 1);
  EXPECT_EQ(position.log_start_offset, 0);
  EXPECT_EQ(position.leader_epoch, 3);
}

TEST_F(ReaderTest, StartsWhereItIsTold) {
  broker_.Append("orders", 0, "a", 10, 1000);
  broker_.Append("orders", 0, "b", 10, 2000);
  const auto first = [this](From from) {
    Reader reader = Open(from);
    const auto values = Read(reader, 1);
    return values.empty() ? std::string() : values[0];
  };
  EXPECT_EQ(first(From::Start()), "a0");
  EXPECT_EQ(first(From::Offset(7)), "a7");  // In the middle of a batch.
  EXPECT_EQ(first(From::Offset(10)), "b0");
  EXPECT_EQ(first(From::TimeMs(1500)), "b0");
  EXPECT_EQ(first(From::Last(3)), "b7");
  EXPECT_EQ(first(From::Last(1000)), "a0");
  Reader at_end = Open(From::End());
  EXPECT_TRUE(at_end.Next(50ms).Value().empty());
  ASSERT_TRUE(
      broker_.WaitUntil([&] { return at_end.Next(5ms).ok() && broker_.tails_opened() > 6; }));
  broker_.Append("orders", 0, "c", 1);
  EXPECT_EQ(Read(at_end, 1), Numbered("c", 0, 1));
}

TEST_F(ReaderTest, EndsAtTheEndSeenAtStart) {
  broker_.Append("orders", 0, "a", 10);
  broker_.Append("orders", 1, "b", 10);
  ReaderOptions options;
  options.until = Until::End();
  Reader reader =
      client_.NewReader({{"orders", 0}, {"orders", 1}, {"orders", 2}}, From::Start(), options)
          .Value();
  std::size_t records = 0;
  bool added = false;
  const auto end = Clock::now() + 10s;
  while (!reader.done() && Clock::now() < end) {
    records += reader.Next(100ms).Value().size();
    if (records > 0 && !added) {
      broker_.Append("orders", 0, "late", 5);
      added = true;
    }
  }
  EXPECT_TRUE(reader.done());
  EXPECT_EQ(records, 20u);
  EXPECT_TRUE(reader.Next(10s).Value().empty());  // At once.
  for (const ReaderPosition& position : reader.positions()) EXPECT_TRUE(position.done);
}

TEST_F(ReaderTest, ReachesAnEndThatNoRecordHas) {
  broker_.Append("orders", 0, "a", 5);
  broker_.AddHole("orders", 0, 3);
  ReaderOptions options;
  options.until = Until::End();
  Reader reader = Open(From::Start(), options);
  EXPECT_EQ(Read(reader, 100), Numbered("a", 0, 5));
  EXPECT_TRUE(reader.done());
  EXPECT_EQ(reader.positions()[0].next_offset, 8);
}

TEST_F(ReaderTest, EndsBeforeAnOffsetOrATime) {
  broker_.Append("orders", 0, "a", 10, 1000);
  broker_.Append("orders", 0, "b", 10, 2000);
  ReaderOptions options;
  options.until = Until::Offset(7);
  Reader by_offset = Open(From::Start(), options);
  EXPECT_EQ(Read(by_offset, 100), Numbered("a", 0, 7));
  EXPECT_TRUE(by_offset.done());
  options.until = Until::TimeMs(2000);
  Reader by_time = Open(From::Start(), options);
  EXPECT_EQ(Read(by_time, 100), Numbered("a", 0, 10));
  const auto now_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                          std::chrono::system_clock::now().time_since_epoch())
                          .count();
  options.until = Until::TimeMs(now_ms + 1'000'000);
  Reader in_future = Open(From::Offset(20), options);
  broker_.Append("orders", 0, "c", 1, now_ms);
  broker_.Append("orders", 0, "d", 1, now_ms + 2'000'000);
  EXPECT_EQ(Read(in_future, 100), Numbered("c", 0, 1));
  EXPECT_TRUE(in_future.done());
  options.until = Until::Offset(3);
  Reader nothing = Open(From::Offset(3), options);
  EXPECT_TRUE(nothing.done());
}

TEST_F(ReaderTest, StopsAtTheEndSeenAtStartThoughItsUntilLiesBeyond) {
  broker_.Append("orders", 0, "a", 10, 1000);
  const auto now_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                          std::chrono::system_clock::now().time_since_epoch())
                          .count();
  for (const Until until : {Until::Never(), Until::Offset(100), Until::TimeMs(5000),
                            Until::TimeMs(now_ms + 1'000'000)}) {
    ReaderOptions options;
    options.until = until;
    options.stop_at_end = true;
    for (const From from : {From::Start(), From::Offset(0)}) {
      Reader reader = Open(from, options);
      EXPECT_EQ(Read(reader, 100), Numbered("a", 0, 10));
      EXPECT_TRUE(reader.done());
    }
  }
  ReaderOptions options;
  options.until = Until::Offset(4);
  options.stop_at_end = true;
  Reader before = Open(From::Start(), options);
  EXPECT_EQ(Read(before, 100), Numbered("a", 0, 4));
  EXPECT_TRUE(before.done());
  Reader beyond = Open(From::Offset(11), options);
  EXPECT_TRUE(beyond.done() || NextError(beyond) == "OFFSET_OUT_OF_RANGE");
}

TEST_F(ReaderTest, UnpacksOneCompressedBatchAtATime) {
  constexpr std::size_t kBytes = std::size_t{4} << 20;
  BatchBuilder builder;
  builder.Add(0, std::nullopt, AsBytes(std::string(kBytes, 'x')));
  BatchBuilder::Trailer trailer;
  trailer.compression = CompressionType::kGzip;
  const std::string packed(AsText(builder.Finish(trailer)));
  for (int i = 0; i < 8; ++i) broker_.AppendRaw("orders", 0, packed, 1);
  broker_.set_tail_batches_max(8);
  ReaderOptions options;
  options.stop_at_end = true;
  Reader reader = Open(From::Start(), options);
  std::int64_t offset = 0;
  const auto end = Clock::now() + 10s;
  while (!reader.done() && Clock::now() < end) {
    const auto batch = reader.Next(100ms);
    ASSERT_TRUE(batch.ok());
    if (batch->empty()) continue;
    ASSERT_EQ(batch->size(), 1u);
    EXPECT_EQ((*batch)[0].offset(), offset);
    EXPECT_EQ((*batch)[0].value()->size(), kBytes);
    EXPECT_EQ(batch->next_offset(), ++offset);
    EXPECT_LE(reader.buffered_bytes(), 8 * packed.size() + 100);
  }
  EXPECT_EQ(offset, 8);
  EXPECT_EQ(reader.buffered_bytes(), 0u);
}

TEST_F(ReaderTest, TakesABatchOfManySmallRecordsInPieces) {
  constexpr int kRecords = 150'000;
  broker_.Append("orders", 0, "r", kRecords, 0, /*codec=*/4);
  broker_.Append("orders", 0, "s", 1);
  Reader reader = Open(From::Start());
  std::vector<std::string> wanted = Numbered("r", 0, kRecords);
  wanted.emplace_back("s0");
  Batch first;
  while (first.empty()) first = reader.Next(1s).Value();
  EXPECT_LE(first.size(), 65'536u);
  std::vector<std::string> values;
  for (const RecordView& record : first) values.emplace_back(*record.value());
  for (std::string& value : Read(reader, wanted.size() - first.size()))
    values.push_back(std::move(value));
  EXPECT_TRUE(values == wanted);
  // What was returned first is still there, though its block was shared.
  EXPECT_EQ(first[0].value(), "r0");
  EXPECT_EQ(first[first.size() - 1].value(), "r" + std::to_string(first.size() - 1));
}

TEST_F(ReaderTest, GoesOnWithoutGapOrDuplicateWhenStreamsAreCut) {
  broker_.set_tail_batches_max(1);
  Reader reader = Open(From::Start());
  std::thread writer([this] {
    for (int i = 0; i < 100; ++i) {
      broker_.Append("orders", 0, std::to_string(i) + ".", 5);
      if (i % 20 == 10) broker_.CutTails();
    }
  });
  const auto values = Read(reader, 500);
  writer.join();
  ASSERT_EQ(values.size(), 500u);
  for (std::size_t i = 0; i < values.size(); ++i) {
    ASSERT_EQ(values[i], std::to_string(i / 5) + "." + std::to_string(i % 5));
  }
}

TEST_F(ReaderTest, GoesOnAfterTheBrokerRestarts) {
  broker_.Append("orders", 0, "a", 5);
  Reader reader = Open(From::Start());
  EXPECT_EQ(Read(reader, 5), Numbered("a", 0, 5));
  broker_.Stop();
  EXPECT_TRUE(reader.Next(100ms).Value().empty());  // Away is no error, once it was reached.
  broker_.Start();
  broker_.Append("orders", 0, "b", 5);
  EXPECT_EQ(Read(reader, 5), Numbered("b", 0, 5));
}

TEST_F(ReaderTest, SaysUnreachableWhenTheBrokerStaysAwayTooLong) {
  broker_.Append("orders", 0, "a", 1);
  ReaderOptions options;
  options.reconnect_timeout = 100ms;
  Reader reader = Open(From::Start(), options);
  EXPECT_EQ(Read(reader, 1), Numbered("a", 0, 1));
  broker_.Stop();
  EXPECT_EQ(NextError(reader), "UNREACHABLE");
  broker_.Start();
  broker_.Append("orders", 0, "b", 1);
  const auto end = Clock::now() + 10s;
  std::size_t got = 0;
  while (got == 0 && Clock::now() < end) {  // Said once; then it went on trying.
    if (const auto batch = reader.Next(100ms); batch.ok()) got = batch->size();
  }
  EXPECT_EQ(got, 1u);
}

TEST_F(ReaderTest, SaysUnreachableWhenThereNeverWasABroker) {
  broker_.Stop();
  ClientOptions client_options;
  client_options.connect_timeout = 100ms;
  const Client client = broker_.Connect(client_options);
  for (const From from : {From::Start(), From::Offset(0)}) {
    Reader reader = client.NewReader({{"orders", 0}}, from).Value();
    EXPECT_EQ(NextError(reader), "UNREACHABLE");
  }
}

TEST_F(ReaderTest, OutOfRangeFollowsThePolicy) {
  broker_.Append("orders", 0, "a", 10);
  broker_.Append("orders", 0, "b", 10);
  broker_.Trim("orders", 0, 10);
  Reader failing = Open(From::Offset(3));
  const auto error = [&] {
    while (true) {
      const auto batch = failing.Next(2s);
      if (!batch.ok()) return batch.error();
    }
  }();
  EXPECT_EQ(error.code(), "OFFSET_OUT_OF_RANGE");
  EXPECT_EQ(error.details().at("partition"), "0");
  EXPECT_EQ(error.details().at("offset"), "3");
  ASSERT_TRUE(failing.Seek({"orders", 0}, From::Start()).ok());
  EXPECT_EQ(Read(failing, 10), Numbered("b", 0, 10));

  ReaderOptions options;
  options.out_of_range = OutOfRangePolicy::kEarliest;
  Reader earliest = Open(From::Offset(3), options);
  EXPECT_EQ(Read(earliest, 10), Numbered("b", 0, 10));
  options.out_of_range = OutOfRangePolicy::kLatest;
  Reader latest = Open(From::Offset(999), options);
  ASSERT_TRUE(broker_.WaitUntil(
      [&] { return latest.Next(5ms).ok() && latest.positions()[0].next_offset == 20; }));
  broker_.Append("orders", 0, "c", 1);
  EXPECT_EQ(Read(latest, 1), Numbered("c", 0, 1));
}

TEST_F(ReaderTest, AnOffsetBeyondTheEndIsOutOfRangeForWhoReadsToTheEndToo) {
  broker_.Append("orders", 0, "a", 10);
  ReaderOptions options;
  options.until = Until::End();
  Reader failing = Open(From::Offset(11), options);
  EXPECT_EQ(NextError(failing), "OFFSET_OUT_OF_RANGE");
  Reader at_the_end = Open(From::Offset(10), options);
  ASSERT_TRUE(at_the_end.Next(2s).ok());
  EXPECT_TRUE(at_the_end.done());
  options.out_of_range = OutOfRangePolicy::kEarliest;
  Reader earliest = Open(From::Offset(11), options);
  EXPECT_EQ(Read(earliest, 10), Numbered("a", 0, 10));
}

TEST_F(ReaderTest, ABatchWithAWrongCrcIsAnErrorThatNamesItAfterWhatCameBefore) {
  broker_.Append("orders", 0, "a", 2);
  BatchBuilder builder;
  builder.Add(0, std::nullopt, AsBytes("bad"));
  std::string bytes(AsText(builder.Finish({})));
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  broker_.AppendRaw("orders", 0, bytes, 1);
  broker_.Append("orders", 0, "b", 2);
  Reader reader = Open(From::Start());
  EXPECT_EQ(Read(reader, 2), Numbered("a", 0, 2));
  const auto error = reader.Next(1s);
  ASSERT_FALSE(error.ok());
  EXPECT_EQ(error.error().code(), "CORRUPT_BATCH");
  EXPECT_EQ(error.error().details().at("offset"), "2");
  EXPECT_EQ(NextError(reader), "CORRUPT_BATCH");  // Again, after another try.
  ASSERT_TRUE(reader.Seek({"orders", 0}, From::Offset(3)).ok());
  EXPECT_EQ(Read(reader, 2), Numbered("b", 0, 2));
}

TEST_F(ReaderTest, DecompressesEveryCodecUnderACap) {
  for (int codec = 0; codec <= 4; ++codec) {
    broker_.Append("orders", 0, "c" + std::to_string(codec) + "-", 50, 0, codec);
  }
  Reader reader = Open(From::Start());
  const auto values = Read(reader, 250);
  ASSERT_EQ(values.size(), 250u);
  EXPECT_EQ(values[249], "c4-49");

  BatchBuilder bomb;
  bomb.Add(0, std::nullopt, AsBytes(std::string(1 << 20, 'x')));
  BatchBuilder::Trailer trailer;
  trailer.compression = CompressionType::kZstd;
  broker_.AppendRaw("orders", 1, std::string(AsText(bomb.Finish(trailer))), 1);
  ReaderOptions options;
  options.decompressed_bytes_max = 100'000;
  Reader capped = Open(From::Start(), options, 1);
  EXPECT_EQ(NextError(capped), "DECOMPRESSION_LIMIT");
}

TEST_F(ReaderTest, StopsReadingFromTheConnectionWhenItsRoomIsFull) {
  constexpr int kBatches = 400;
  const std::string value(64 << 10, 'x');
  for (int i = 0; i < kBatches; ++i) broker_.Append("orders", 0, value, 1);  // 25 MiB.
  broker_.set_tail_batches_max(1);
  ReaderOptions options;
  options.fetch_bytes_max = 1 << 20;
  Reader reader = Open(From::Start(), options);
  std::size_t records = reader.Next(1s).Value().size();
  // The broker's side stands still once the room and the transport's windows are full.
  std::int64_t sent = -1;
  auto since = Clock::now();
  ASSERT_TRUE(broker_.WaitUntil([&] {
    if (const std::int64_t now = broker_.tail_bytes_sent(); now != sent) {
      sent = now;
      since = Clock::now();
    }
    return Clock::now() - since > 200ms;
  }));
  EXPECT_LT(sent, 12 << 20);
  EXPECT_LE(reader.buffered_bytes(), std::size_t{2} << 20);
  const auto end = Clock::now() + 10s;
  while (records < kBatches && Clock::now() < end) records += reader.Next(100ms).Value().size();
  EXPECT_EQ(records, static_cast<std::size_t>(kBatches));
  EXPECT_EQ(reader.buffered_bytes(), 0u);
}

TEST_F(ReaderTest, OnePartitionDoesNotStarveAnother) {
  broker_.set_tail_batches_max(1);
  for (int i = 0; i < 200; ++i) broker_.Append("orders", 0, std::string(10'000, 'x'), 1);
  broker_.Append("orders", 1, "b", 1);
  ReaderOptions options;
  options.fetch_bytes_max = 20'000;
  Reader reader = client_.NewReader({{"orders", 0}, {"orders", 1}}, From::Start(), options).Value();
  int batches = 0;
  bool seen = false;
  while (!seen && batches < 150) {
    const Batch batch = reader.Next(1s).Value();
    seen = batch.partition() == 1;
    ++batches;
  }
  EXPECT_TRUE(seen);
}

TEST_F(ReaderTest, WakeupEndsTheWaitOnce) {
  Reader reader = Open(From::End());
  const auto start = Clock::now();
  std::thread waker([&reader] { reader.Wakeup(); });
  EXPECT_TRUE(reader.Next(30s).Value().empty());
  waker.join();
  EXPECT_LT(Clock::now() - start, 10s);
  reader.Wakeup();
  EXPECT_TRUE(reader.Next(30s).Value().empty());
  EXPECT_TRUE(reader.Next(10ms).Value().empty());
}

TEST_F(ReaderTest, ABatchOutlivesItsReader) {
  broker_.Append("orders", 0, "a", 2);
  Batch batch;
  {
    Reader reader = Open(From::Start());
    while (batch.empty()) batch = reader.Next(1s).Value();
  }
  EXPECT_EQ(batch[1].value(), "a1");
  Batch moved = std::move(batch);
  EXPECT_TRUE(batch.empty());  // NOLINT: moved from is empty, as documented.
  EXPECT_EQ(moved[0].topic(), "orders");
}

TEST_F(ReaderTest, NamesWhatDoesNotExistAndWhatMakesNoSense) {
  Reader unknown = client_.NewReader({{"nope", 0}}, From::Start()).Value();
  EXPECT_EQ(NextError(unknown), "UNKNOWN_TOPIC");
  Reader partition = Open(From::Start(), {}, 9);
  EXPECT_EQ(NextError(partition), "UNKNOWN_PARTITION");
  EXPECT_EQ(NextError(partition), "UNKNOWN_PARTITION");
  const auto code = [this](std::vector<TopicPartition> partitions, From from) {
    const auto reader = client_.NewReader(std::move(partitions), from);
    return reader.ok() ? std::string() : reader.error().code();
  };
  EXPECT_EQ(code({}, From::Start()), "INVALID_ARGUMENT");
  EXPECT_EQ(code({{"orders", 0}, {"orders", 0}}, From::Start()), "INVALID_ARGUMENT");
  EXPECT_EQ(code({{"orders", -1}}, From::Start()), "INVALID_ARGUMENT");
  EXPECT_EQ(code({{"orders", 0}}, From::Offset(-5)), "INVALID_ARGUMENT");
  EXPECT_EQ(code({{"or/ders", 0}}, From::Start()), "INVALID_TOPIC_NAME");
  Reader reader = Open(From::Start());
  EXPECT_EQ(reader.Seek({"orders", 2}, From::Start()).error().code(), "UNKNOWN_PARTITION");
}

}  // namespace
}  // namespace qalam::abi0
