#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <mutex>

#include "client/ceiling/batch_server.h"
#include "client/ceiling/load_stream.h"
#include "common/record/batch_validator.h"

namespace qalam::cli {
namespace {

Bytes Join(const ArrivedBatch& batch) {
  Bytes bytes;
  for (const BytesView part : batch.parts) bytes.insert(bytes.end(), part.begin(), part.end());
  return bytes;
}

constexpr std::chrono::milliseconds kSoon(30'000);

TEST(CeilingTransportTest, EveryBatchIsValidAndEveryRecordAcknowledgedOnce) {
  BatchLimits limits;
  limits.timestamp_after_max_ms = std::numeric_limits<TimestampMs>::max();
  std::mutex mutex;
  std::uint64_t records_taken = 0;
  std::string trouble;
  const auto server = BatchServer::Start([&](ArrivedBatch batch) {
    const Bytes bytes = Join(batch);
    const auto valid = ValidateBatch(bytes, limits, 0);
    {
      const std::lock_guard lock(mutex);
      if (!valid.ok()) trouble = valid.error().ToString();
      if (bytes.size() > 20'000) trouble = "too large";
      if (valid.ok()) records_taken += static_cast<std::uint64_t>(valid->header.records_count);
    }
    batch.source->Acknowledge(1);
  });
  ASSERT_TRUE(server.ok()) << server.error().ToString();
  LoadOptions options;
  options.batch_bytes = 20'000;
  options.in_flight = 4;
  std::atomic<std::uint64_t> records_acked{0};
  {
    const auto load = LoadStream::Start((*server)->address(), options,
                                        [&](std::uint64_t count, std::chrono::nanoseconds took) {
                                          EXPECT_GT(took.count(), 0);
                                          records_acked += count;
                                        });
    while (records_acked < 20'000) std::this_thread::yield();
    ASSERT_TRUE(load->Drain(kSoon).ok());
  }
  const std::lock_guard lock(mutex);
  EXPECT_EQ(trouble, "");
  EXPECT_EQ(records_taken, records_acked);
}

TEST(CeilingTransportTest, ASmallBatchHoldsOneRecord) {
  std::atomic<bool> all_small{true};
  const auto server = BatchServer::Start([&](ArrivedBatch batch) {
    if (Join(batch).size() > 200) all_small = false;
    batch.source->Acknowledge(1);
  });
  ASSERT_TRUE(server.ok());
  LoadOptions options;
  options.batch_bytes = 200;
  options.in_flight = 1;
  std::atomic<std::uint64_t> acked{0};
  const auto load = LoadStream::Start((*server)->address(), options,
                                      [&](std::uint64_t count, std::chrono::nanoseconds) {
                                        EXPECT_EQ(count, 1u);
                                        ++acked;
                                      });
  while (acked < 50) std::this_thread::yield();
  EXPECT_TRUE(load->Drain(kSoon).ok());
  EXPECT_TRUE(all_small);
}

TEST(CeilingTransportTest, NoMoreThanInFlightAreUnderWay) {
  std::mutex mutex;
  std::vector<ArrivedBatch> held;
  const auto server = BatchServer::Start([&](ArrivedBatch batch) {
    const std::lock_guard lock(mutex);
    held.push_back(std::move(batch));
  });
  ASSERT_TRUE(server.ok());
  LoadOptions options;
  options.batch_bytes = 1'000;
  options.in_flight = 3;
  const auto load = LoadStream::Start((*server)->address(), options,
                                      [](std::uint64_t, std::chrono::nanoseconds) {});
  const auto take_all = [&] {
    std::vector<ArrivedBatch> taken;
    while (taken.size() < options.in_flight) {
      const std::lock_guard lock(mutex);
      std::move(held.begin(), held.end(), std::back_inserter(taken));
      held.clear();
    }
    return taken;
  };
  for (int round = 0; round < 100; ++round) {
    const std::vector<ArrivedBatch> taken = take_all();
    ASSERT_EQ(taken.size(), options.in_flight);
    taken[0].source->Acknowledge(taken.size());
  }
  take_all();
  EXPECT_EQ(load->Drain(std::chrono::milliseconds(1)).error().code(), ErrorCode::kTimedOut);
}

TEST(CeilingTransportTest, AServerThatGoesIsNoticed) {
  std::atomic<bool> came{false};
  auto server = BatchServer::Start([&](ArrivedBatch) { came = true; });
  ASSERT_TRUE(server.ok());
  const auto load =
      LoadStream::Start((*server)->address(), {}, [](std::uint64_t, std::chrono::nanoseconds) {});
  while (!came) std::this_thread::yield();
  server = Error(ErrorCode::kUnreachable, "gone");
  EXPECT_EQ(load->Drain(kSoon).error().code(), ErrorCode::kUnreachable);
}

}  // namespace
}  // namespace qalam::cli
