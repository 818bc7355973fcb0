// Crashes: a scripted life of a log is stopped at every change it makes to the file system, or the
// power goes at every sync with some of what was not synced on the disk; then the log is opened
// again. What was acknowledged must be there, in its place; nothing else may be but what was sent.
#include <gtest/gtest.h>

#include <functional>

#include "tests/broker/log/log_fixture.h"

namespace qalam::log_test {
namespace {

// An instrumented life takes forty times as long: there, one in so many.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::uint64_t kStride = 11;
#else
constexpr std::uint64_t kStride = 1;
#endif

// What a client of the log knows.
struct Known {
  std::map<Offset, std::string> sent;  // Of the last attempt at each offset.
  Offset acknowledged_end = 0;
  Offset written_end = 0;  // Attempted too.
  Offset start_promised = 0;
  Offset start_attempted = 0;
  bool created = false;
};

class Life {
 public:
  Life(FileSystem& fs, const LogOptions& options) : fs_(fs), options_(options) {}

  Known known;

  // Creates, appends, rolls, checkpoints, trims, retains, closes, goes on. Stops at the first
  // error.
  void Run() {
    if (!Log::Create(fs_, options_, TopicId()).ok()) return;
    known.created = true;
    if (!Open(false)) return;
    for (int i = 0; i < 6; ++i) {
      if (!Group(1 + i % 3, 40)) return;
    }
    if (!Group(2, 1900)) return;
    if (!CheckpointNow()) return;
    for (int i = 0; i < 14; ++i) {
      if (!Group(2, 700)) return;
    }
    if (!Trim(known.acknowledged_end / 2)) return;
    if (!Group(1, 100)) return;
    if (!Retain()) return;
    epoch_ = 4;
    for (int i = 0; i < 5; ++i) {
      if (!Group(2, 600)) return;
    }
    if (!Close()) return;
    if (!Open(true)) return;
    epoch_ = 5;
    for (int i = 0; i < 12; ++i) {
      if (!Group(1 + i % 2, 900)) return;
    }
    if (!Unlink()) return;
    if (!Group(1, 10)) return;
    Close();
  }

 private:
  bool Open(bool clean) {
    auto log = Log::Open(fs_, clock_, options_, TopicId(), clean);
    if (!log.ok()) return false;
    log_ = std::move(log).value();
    return true;
  }
  bool Group(int batches, std::size_t value_bytes) {
    log_test::Group group(log_->end_offset(), epoch_);
    BatchSpec spec;
    spec.value_bytes = value_bytes;
    spec.records = 2;
    spec.prefix = "s" + std::to_string(++serial_) + "o";
    spec.producer_id = 77;
    spec.producer_epoch = 0;
    for (int i = 0; i < batches; ++i) {
      spec.base_sequence = static_cast<std::int32_t>(group.next_offset());
      for (int r = 0; r < spec.records; ++r) {
        known.sent[group.next_offset() + r] = ValueAt(spec, group.next_offset() + r);
      }
      group.Add(spec);
    }
    known.written_end = std::max(known.written_end, group.next_offset());
    if (!log_->AppendGroup(group.stamped()).ok()) return false;
    return SyncNow();
  }
  bool SyncNow() {
    auto ticket = log_->BeginSync();
    if (!ticket) return true;
    const Status status = ticket->Run();
    const auto durable = log_->OnSynced(std::move(ticket), status);
    if (!durable.ok()) return false;
    known.acknowledged_end = *durable;
    return true;
  }
  bool CheckpointNow() {
    clock_.Advance(std::chrono::seconds(10));
    return log_->Tick(clock_.Now()).ok() && SyncNow();
  }
  bool Trim(Offset before) {
    known.start_attempted = before;
    const auto start = log_->Trim(before, log_->durable_offset());
    if (!start.ok()) return false;
    known.start_promised = *start;
    return true;
  }
  bool Retain() {
    options_.retention_bytes = 20 << 10;
    known.start_attempted = known.acknowledged_end;
    if (!log_->Reconfigure(options_).ok()) return false;
    return log_->ApplyRetention(std::nullopt, log_->durable_offset()).ok();
  }
  bool Unlink() {
    clock_.Advance(std::chrono::minutes(5));
    for (const std::string& path : log_->TakeDeletable(clock_.Now())) {
      if (!fs_.Remove(path).ok()) return false;
    }
    return true;
  }
  bool Close() {
    const bool closed = log_->Close().ok();
    log_.reset();
    return closed;
  }

  FileSystem& fs_;
  LogOptions options_;
  ManualClock clock_;
  std::unique_ptr<Log> log_;
  Epoch epoch_ = 2;
  int serial_ = 0;
};

struct State {
  Offset start = 0;
  Offset end = 0;
  Records records;
  std::vector<std::string> logs;
  friend bool operator==(const State&, const State&) = default;
};

class CrashTest : public ::testing::TestWithParam<std::size_t> {
 protected:
  CrashTest() : options_(SmallOptions(GetParam())) { options_.checkpoint_bytes = 12 << 10; }

  static std::unique_ptr<MemoryFileSystem> NewDisk() {
    auto fs = std::make_unique<MemoryFileSystem>(GetParam());
    EXPECT_TRUE(fs->CreateDirectory("/log").ok());
    return fs;
  }

  // Opens after a crash, checks against what is known. Null if it can't be.
  std::optional<State> Recover(FileSystem& fs, const Known& known, const std::string& what) {
    EXPECT_TRUE(fs.SyncDirectory("/log").ok());
    auto opened = Log::Open(fs, clock_, options_, TopicId(), false);
    if (!opened.ok()) {
      // A log whose making was not finished need not be there.
      if (!known.created) return std::nullopt;
      ADD_FAILURE() << what << ": " << opened.error().ToString();
      return std::nullopt;
    }
    Log& log = **opened;
    State state{log.log_start_offset(), log.end_offset(), {}, {}};
    EXPECT_GE(state.end, known.acknowledged_end) << what << ": lost";
    EXPECT_LE(state.end, known.written_end) << what << ": invented";
    EXPECT_GE(state.start, known.start_promised) << what << ": came back";
    EXPECT_LE(state.start, std::max(known.start_promised, known.start_attempted)) << what;
    auto records = ReadAll(log);
    if (!records.ok()) {
      ADD_FAILURE() << what << ": " << records.error().ToString();
      return std::nullopt;
    }
    EXPECT_EQ(records->size(), static_cast<std::size_t>(state.end - state.start)) << what;
    for (const auto& [offset, value] : *records) {
      EXPECT_EQ(value, known.sent.at(offset)) << what << ": offset " << offset;
    }
    state.records = std::move(records).value();
    if (state.end > 0) {
      // Every batch again is a duplicate, the next is not.
      BatchHeader next;
      next.producer_id = 77;
      next.producer_epoch = 0;
      next.base_sequence = static_cast<std::int32_t>(state.end);
      next.last_offset_delta = 1;
      const auto fresh = log.producers().Check(next);
      EXPECT_TRUE(fresh.ok() && !fresh->duplicate) << what << ": the next sequence";
      next.base_sequence -= 2;
      const auto again = log.producers().Check(next);
      EXPECT_TRUE(again.ok() && again->duplicate) << what << ": the last sequence";
      EXPECT_EQ(again->base_offset, state.end - 2) << what;
    }
    const auto entries = fs.List(kDirectory);
    for (const auto& entry : *entries) {
      if (entry.name.ends_with(".log")) state.logs.push_back(entry.name);
    }
    return state;
  }

  // Recovers, twice; then the log must go on working.
  void CheckAfterCrash(MemoryFileSystem& fs, const Known& known, const std::string& what) {
    const auto once = Recover(fs, known, what);
    if (!once) return;
    fs.Crash();
    const auto twice = Recover(fs, known, what + ", again");
    if (!twice && !known.created) return;  // Its directory's name was not durable yet.
    ASSERT_TRUE(twice.has_value());
    EXPECT_EQ(*once, *twice) << what << ": recovering twice";
    auto log = Log::Open(fs, clock_, options_, TopicId(), false);
    ASSERT_TRUE(log.ok());
    for (int i = 0; i < 3; ++i) {
      const Status appended = AppendSynced(**log, {{.value_bytes = 300}}, 9);
      ASSERT_TRUE(appended.ok()) << what << ": " << appended.error().ToString();
    }
    const Status closed = (*log)->Close();
    ASSERT_TRUE(closed.ok()) << what << ": " << closed.error().ToString();
    log = Log::Open(fs, clock_, options_, TopicId(), true);
    ASSERT_TRUE(log.ok()) << what << ": " << log.error().ToString();
    EXPECT_FALSE((*log)->recovery().recovered) << what;
    EXPECT_EQ((*log)->end_offset(), once->end + 3) << what;
    EXPECT_TRUE(ReadAll(**log).ok()) << what;
  }

  LogOptions options_;
  ManualClock clock_;
};

TEST_P(CrashTest, StoppedAtEveryChangeNothingAcknowledgedIsLost) {
  std::uint64_t changes = 0;
  {
    auto disk = NewDisk();
    FaultFileSystem faults(*disk);
    Life life(faults, options_);
    life.Run();
    changes = faults.changes();
    ASSERT_EQ(life.known.acknowledged_end, life.known.written_end) << "the whole life";
    ASSERT_GE(disk->List(kDirectory)->size(), 8u);
  }
  ASSERT_GE(changes, 150u);
  for (std::uint64_t n = 1; n <= changes; n += kStride) {
    // The process is killed: what was written stays; or the power goes as well, and takes all, or
    // some, of what was not synced.
    for (const auto extent : {FaultFileSystem::Extent::kNothing, FaultFileSystem::Extent::kHalf}) {
      for (int power = 0; power < 4; ++power) {
        auto disk = NewDisk();
        Known known;
        {
          FaultFileSystem faults(*disk);
          Life life(faults, options_);
          faults.StopAtChange(n, extent);
          life.Run();
          known = life.known;
        }
        if (power == 1) disk->Crash();
        if (power > 1) disk->Crash(n * 4 + static_cast<std::uint64_t>(power));
        CheckAfterCrash(*disk, known,
                        "stopped at change " + std::to_string(n) + ", power " +
                            std::to_string(power) +
                            (extent == FaultFileSystem::Extent::kHalf ? ", half" : ""));
        if (HasFatalFailure() || HasNonfatalFailure()) return;
      }
    }
  }
}

TEST_P(CrashTest, RecoveryItselfMayBeStoppedAnywhere) {
  // The life is stopped at every seventh change with a torn disk; its recovery at every change.
  for (std::uint64_t n = 9; n <= 230; n += 7 * kStride) {
    for (std::uint64_t m = 1;; ++m) {
      auto disk = NewDisk();
      Known known;
      {
        FaultFileSystem faults(*disk);
        Life life(faults, options_);
        faults.StopAtChange(n);
        life.Run();
        known = life.known;
      }
      disk->Crash(n * 1000 + 1);
      FaultFileSystem faults(*disk);
      faults.StopAtChange(m);
      (void)Log::Open(faults, clock_, options_, TopicId(), false);
      const bool whole = !faults.stopped();
      if (m % 2 == 0) {
        disk->Crash(m);
      }
      CheckAfterCrash(
          *disk, known,
          "stopped at change " + std::to_string(n) + ", recovery at " + std::to_string(m));
      if (HasFatalFailure() || HasNonfatalFailure()) return;
      if (whole) break;
    }
  }
}

// The tail of a log, written in every way that a power cut can leave it: above all the block whose
// begin was acknowledged before and that the last group wrote again.
TEST_P(CrashTest, TornTailsKeepWhatWasAcknowledged) {
  for (std::uint64_t seed = 1; seed <= 3000; seed += kStride) {
    auto disk = NewDisk();
    Known known;
    known.created = true;
    {
      ASSERT_TRUE(Log::Create(*disk, options_, TopicId()).ok());
      auto log = Log::Open(*disk, clock_, options_, TopicId(), false);
      ASSERT_TRUE(log.ok());
      // Sizes that end anywhere in a block.
      const int groups = 1 + static_cast<int>(seed % 9);
      for (int i = 0; i <= groups; ++i) {
        log_test::Group group((*log)->end_offset(), 0);
        BatchSpec spec;
        spec.value_bytes = 10 + (seed * 37 + static_cast<std::uint64_t>(i) * 131) % 900;
        spec.records = 2;
        spec.producer_id = 77;
        spec.producer_epoch = 0;
        const int batches = 1 + static_cast<int>((seed + static_cast<std::uint64_t>(i)) % 3);
        for (int b = 0; b < batches; ++b) {
          spec.base_sequence = static_cast<std::int32_t>(group.next_offset());
          for (int r = 0; r < 2; ++r) {
            known.sent[group.next_offset() + r] = ValueAt(spec, group.next_offset() + r);
          }
          group.Add(spec);
        }
        known.written_end = group.next_offset();
        ASSERT_TRUE((*log)->AppendGroup(group.stamped()).ok());
        if (i == groups) break;  // The last one is not synced.
        ASSERT_TRUE(Sync(**log).ok());
        known.acknowledged_end = (*log)->durable_offset();
      }
    }
    disk->Crash(seed);
    CheckAfterCrash(*disk, known, "seed " + std::to_string(seed));
    if (HasFatalFailure() || HasNonfatalFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(DirectAndBuffered, CrashTest, ::testing::Values(4096u, 0u),
                         [](const auto& param) { return param.param > 0 ? "Direct" : "Buffered"; });

// Under interval and os the writer does not wait for syncs; what was synced must still be there.
TEST(CrashOsTest, WhatWasSyncedSurvivesAndTheRestIsCutAtTheFirstTear) {
  for (std::uint64_t seed = 1; seed <= 1500; seed += kStride) {
    MemoryFileSystem fs(4096);
    ASSERT_TRUE(fs.CreateDirectory("/log").ok());
    ManualClock clock;
    LogOptions options = SmallOptions();
    options.flush_mode = seed % 2 == 0 ? FlushMode::kOs : FlushMode::kInterval;
    Offset synced = 0;
    Offset written = 0;
    {
      ASSERT_TRUE(Log::Create(fs, options, TopicId()).ok());
      auto log = Log::Open(fs, clock, options, TopicId(), false);
      ASSERT_TRUE(log.ok());
      for (std::uint64_t i = 0; i < 10 + seed % 60; ++i) {
        ASSERT_TRUE(Append(**log, {{.value_bytes = 50 + (i * seed) % 800}}).ok());
        if (i % 7 == seed % 7) {
          ASSERT_TRUE(Sync(**log).ok());
        }
      }
      synced = (*log)->durable_offset();
      written = (*log)->end_offset();
    }
    fs.Crash(seed);
    for (int round = 0; round < 2; ++round) {
      auto log = Log::Open(fs, clock, options, TopicId(), false);
      ASSERT_TRUE(log.ok()) << "seed " << seed << ": " << log.error().ToString();
      ASSERT_GE((*log)->end_offset(), synced) << "seed " << seed;
      ASSERT_LE((*log)->end_offset(), written) << "seed " << seed;
      const auto records = ReadAll(**log);
      ASSERT_TRUE(records.ok()) << "seed " << seed << ": " << records.error().ToString();
      ASSERT_EQ(records->size(), static_cast<std::size_t>((*log)->end_offset()));
      for (const auto& [offset, value] : *records) {
        ASSERT_TRUE(value.starts_with("v" + std::to_string(offset)));
      }
      ASSERT_TRUE(AppendSynced(**log, {{}}, 1).ok());
      synced = written = (*log)->durable_offset();
    }
  }
}

}  // namespace
}  // namespace qalam::log_test
