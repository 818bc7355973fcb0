// A log on the real file system, with direct writes where it has them, and readers of other
// threads.
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <random>
#include <thread>

#include "common/posix_file_system.h"
#include "tests/broker/log/log_fixture.h"
#include "tests/support/temp_directory.h"

namespace qalam::log_test {
namespace {

class PosixLogTest : public ::testing::TestWithParam<bool> {
 protected:
  PosixLogTest() : options_(SmallOptions(0)) {
    options_.directory = directory_.File("orders-0");
    if (GetParam()) options_.direct_alignment = fs_.ProbeDirectAlignment(directory_.path());
    options_.segment_bytes_max = 256 << 10;
    options_.group_bytes_max = 64 << 10;
    options_.checkpoint_bytes = 128 << 10;
  }
  std::unique_ptr<Log> Open(bool clean) {
    auto log = Log::Open(fs_, SystemClock::Get(), options_, TopicId(), clean);
    EXPECT_TRUE(log.ok()) << log.error().ToString();
    return log.ok() ? std::move(log).value() : nullptr;
  }
  // Groups of all sizes; each synced by another thread.
  void Fill(Log& log, int groups, std::uint32_t seed) {
    std::mt19937 random(seed);
    for (int i = 0; i < groups; ++i) {
      std::vector<BatchSpec> specs(1 + random() % 4);
      for (BatchSpec& spec : specs) {
        spec.records = 1 + static_cast<int>(random() % 3);
        spec.value_bytes = kValueBytes;
      }
      ASSERT_TRUE(Append(log, specs).ok());
      auto ticket = log.BeginSync();
      Status status = OkStatus();
      std::thread pool([&] { status = ticket->Run(); });
      pool.join();
      ASSERT_TRUE(log.OnSynced(std::move(ticket), status).ok());
    }
  }
  static constexpr std::size_t kValueBytes = 700;

  PosixFileSystem fs_;
  TempDirectory directory_;
  LogOptions options_;
};

TEST_P(PosixLogTest, KeepsEverythingOverStopsOfBothKinds) {
  ASSERT_TRUE(Log::Create(fs_, options_, TopicId()).ok());
  Offset end = 0;
  for (std::uint32_t round = 0; round < 6; ++round) {
    auto log = Open(round % 2 == 0);
    ASSERT_NE(log, nullptr);
    EXPECT_EQ(log->end_offset(), end);
    Fill(*log, 60, round);
    end = log->end_offset();
    const auto records = ReadAll(*log);
    ASSERT_TRUE(records.ok()) << records.error().ToString();
    EXPECT_EQ(*records, Expected(0, end, {.value_bytes = kValueBytes}));
    if (round % 2 == 1) {
      ASSERT_TRUE(log->Close().ok());
    }  // Else as a crash.
  }
  auto log = Open(true);
  ASSERT_NE(log, nullptr);
  EXPECT_FALSE(log->recovery().recovered);
  const auto records = ReadAll(*log);
  ASSERT_TRUE(records.ok()) << records.error().ToString();
  EXPECT_EQ(*records, Expected(0, end, {.value_bytes = kValueBytes}));
}

// Ten thousand partitions are as many descriptors, also once they were idle or recovered.
TEST_P(PosixLogTest, ALogThatIsOnlyWrittenHasOneDescriptor) {
  ASSERT_TRUE(Log::Create(fs_, options_, TopicId()).ok());
  const std::string path = JoinPath(options_.directory, SegmentFileName(0, kLogSuffix));
  const auto descriptors = [&] {
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
      std::error_code error;
      if (std::filesystem::read_symlink(entry.path(), error) == path) ++count;
    }
    return count;
  };
  for (std::uint32_t round = 0; round < 2; ++round) {
    auto log = Open(false);
    ASSERT_NE(log, nullptr);
    Fill(*log, 1, round);
    ASSERT_TRUE(log->Tick(SystemClock::Get().Now() + std::chrono::hours(1)).ok());
    EXPECT_FALSE(log->view()->InMemory(0));
    Fill(*log, 1, round);
    EXPECT_EQ(descriptors(), 1);
    const auto records = ReadAll(*log);
    ASSERT_TRUE(records.ok()) << records.error().ToString();
    EXPECT_EQ(*records, Expected(0, log->end_offset(), {.value_bytes = kValueBytes}));
  }
}

TEST_P(PosixLogTest, ReadersOfOtherThreadsAlwaysSeeWholeBatches) {
  ASSERT_TRUE(Log::Create(fs_, options_, TopicId()).ok());
  options_.retention_bytes = 512 << 10;
  auto log = Open(true);
  ASSERT_NE(log, nullptr);
  std::atomic<bool> stop{false};
  std::atomic<Offset> read_to{0};
  const auto read = [&](std::size_t bytes_max) {
    Offset from = 0;
    while (!stop.load() || from < log->view()->end_offset()) {
      const auto view = log->view();
      from = std::max(from, view->log_start_offset());
      const Offset until = std::min(view->end_offset(), from + 50);
      const auto records = ReadAll(*view, from, until, bytes_max);
      ASSERT_TRUE(records.ok()) << records.error().ToString();
      for (const auto& [offset, value] : *records) {
        ASSERT_EQ(value, ValueAt({.value_bytes = kValueBytes}, offset));
      }
      if (until > from) {
        const auto found = view->FindTimestamp(ManualClock::kStartMs, until);
        ASSERT_TRUE(found.ok()) << found.error().ToString();
      }
      from = until;
      read_to = std::max(read_to.load(), from);
    }
  };
  std::thread near([&] { read(4096); });
  std::thread far([&] { read(1 << 20); });
  for (std::uint32_t i = 0; i < 40; ++i) {
    Fill(*log, 10, i);
    ASSERT_TRUE(log->ApplyRetention(std::nullopt, log->durable_offset()).ok());
    for (const std::string& path :
         log->TakeDeletable(SystemClock::Get().Now() + std::chrono::hours(1))) {
      ASSERT_TRUE(fs_.Remove(path).ok());
    }
  }
  stop = true;
  near.join();
  far.join();
  EXPECT_EQ(read_to.load(), log->end_offset());
  EXPECT_GT(log->log_start_offset(), 0);
}

INSTANTIATE_TEST_SUITE_P(DirectAndBuffered, PosixLogTest, ::testing::Bool(),
                         [](const auto& param) { return param.param ? "Direct" : "Buffered"; });

}  // namespace
}  // namespace qalam::log_test
