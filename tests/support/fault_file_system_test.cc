#include "tests/support/fault_file_system.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "tests/support/manual_clock.h"
#include "tests/support/memory_file_system.h"

namespace qalam {
namespace {

using Mode = OpenOptions::Mode;
using Extent = FaultFileSystem::Extent;

Status Write(File& file, std::uint64_t position, std::string_view text) {
  const std::array<BytesView, 1> parts = {AsBytes(text)};
  return file.WriteAt(position, parts);
}

class FaultFileSystemTest : public testing::Test {
 protected:
  FaultFileSystemTest() { EXPECT_TRUE(memory_.CreateDirectory("/d").ok()); }

  std::unique_ptr<File> Open() {
    auto file = fs_.Open("/d/f", {.mode = Mode::kOpenOrCreate});
    EXPECT_TRUE(file.ok());
    return std::move(file).value();
  }

  MemoryFileSystem memory_;
  FaultFileSystem fs_{memory_};
};

TEST_F(FaultFileSystemTest, CountsWhatChangesSomething) {
  const auto file = Open();                       // 1: makes the file.
  ASSERT_TRUE(Write(*file, 0, "ab").ok());        // 2
  ASSERT_TRUE(file->ZeroFill(2, 4).ok());         // 3
  ASSERT_TRUE(file->Sync().ok());                 // 4
  ASSERT_TRUE(file->Truncate(1).ok());            // 5
  ASSERT_TRUE(fs_.CreateDirectory("/d/e").ok());  // 6
  ASSERT_TRUE(fs_.Rename("/d/f", "/d/g").ok());   // 7
  ASSERT_TRUE(fs_.Remove("/d/e").ok());           // 8
  ASSERT_TRUE(fs_.SyncDirectory("/d").ok());      // 9
  std::array<std::byte, 1> out{};
  ASSERT_TRUE(file->ReadAt(0, out).ok());
  ASSERT_TRUE(fs_.Open("/d/g", {.mode = Mode::kOpenOrCreate}).ok());
  ASSERT_TRUE(fs_.Exists("/d/g").value());
  EXPECT_EQ(fs_.changes(), 9u);
  EXPECT_EQ(fs_.history()[3].ToString(), "4 sync /d/f");
}

TEST_F(FaultFileSystemTest, StopsTheWorldAtAChange) {
  fs_.StopAtChange(3);
  const auto file = Open();
  ASSERT_TRUE(Write(*file, 0, "ab").ok());
  EXPECT_FALSE(fs_.stopped());
  EXPECT_EQ(Write(*file, 2, "cd").error().code(), ErrorCode::kIo);
  EXPECT_TRUE(fs_.stopped());
  std::array<std::byte, 1> out{};
  EXPECT_FALSE(file->ReadAt(0, out).ok());
  EXPECT_FALSE(fs_.Exists("/d/f").ok());
  EXPECT_FALSE(fs_.Open("/d/f", {}).ok());
  EXPECT_EQ(AsText(memory_.Content("/d/f")), "ab");
  // The kernel still has what the process wrote: nothing is lost by its end alone.
  EXPECT_FALSE(file->Sync().ok());
  fs_.StopAtChange(0);
  EXPECT_EQ(fs_.changes(), 0u);
  EXPECT_TRUE(file->Sync().ok());
  ASSERT_TRUE(fs_.SyncDirectory("/d").ok());
  memory_.Crash();
  EXPECT_EQ(AsText(memory_.Content("/d/f")), "ab");
}

TEST_F(FaultFileSystemTest, AWriteMayBeStoppedHalfWay) {
  fs_.StopAtChange(2, Extent::kHalf);
  const auto file = Open();
  EXPECT_FALSE(Write(*file, 0, "abcd").ok());
  EXPECT_EQ(AsText(memory_.Content("/d/f")), "ab");
}

TEST_F(FaultFileSystemTest, FailsOneChangeAndGoesOn) {
  const auto file = Open();
  fs_.FailChange(2, ErrorCode::kNoSpace, Extent::kHalf);
  EXPECT_EQ(Write(*file, 0, "abcd").error().code(), ErrorCode::kNoSpace);
  EXPECT_EQ(AsText(memory_.Content("/d/f")), "ab");
  EXPECT_TRUE(Write(*file, 0, "abcd").ok());
}

TEST_F(FaultFileSystemTest, AFailedSyncLosesWhatWasWrittenAndStaysFailed) {
  const auto file = Open();
  ASSERT_TRUE(Write(*file, 0, "old").ok());
  ASSERT_TRUE(file->Sync().ok());
  ASSERT_TRUE(fs_.SyncDirectory("/d").ok());
  ASSERT_TRUE(Write(*file, 0, "new").ok());
  fs_.FailChange(fs_.changes() + 1, ErrorCode::kIo);
  const Status failed = file->Sync();
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(file->Sync().error(), failed.error());
  std::array<std::byte, 3> out{};
  ASSERT_TRUE(file->ReadAt(0, out).ok());
  EXPECT_EQ(AsText(out), "new");
  ASSERT_TRUE(fs_.ReadDirect("/d/f", 0, out).ok());
  EXPECT_EQ(AsText(out), "old");
}

TEST_F(FaultFileSystemTest, FailsEverySyncFromOneOn) {
  const auto file = Open();
  const auto other = fs_.Open("/d/other", {.mode = Mode::kCreate});
  fs_.FailSyncsFrom(4);
  EXPECT_TRUE(file->Sync().ok());             // 3
  EXPECT_FALSE(file->Sync().ok());            // 4
  EXPECT_TRUE(fs_.SyncDirectory("/d").ok());  // Not a file's.
  EXPECT_FALSE(other.value()->Sync().ok());
}

TEST_F(FaultFileSystemTest, ARuleDecidesByCallAndPath) {
  fs_.SetRule([](FileCall call, const std::string& path) -> std::optional<Error> {
    if (call == FileCall::kRead && path == "/d/f") return Error(ErrorCode::kIo, "a bad sector");
    return std::nullopt;
  });
  const auto file = Open();
  ASSERT_TRUE(Write(*file, 0, "ab").ok());
  std::array<std::byte, 1> out{};
  EXPECT_EQ(file->ReadAt(0, out).error().message(), "a bad sector");
  fs_.SetRule({});
  EXPECT_TRUE(file->ReadAt(0, out).ok());
}

TEST_F(FaultFileSystemTest, TheHookSeesEveryChange) {
  std::string seen;
  fs_.SetHook([&](const FaultFileSystem::Change& change) { seen += change.ToString() + "; "; });
  const auto file = Open();
  ASSERT_TRUE(Write(*file, 0, "ab").ok());
  EXPECT_EQ(seen, "1 open /d/f; 2 write /d/f; ");
}

TEST(ManualClockTest, MovesWhenTold) {
  ManualClock clock;
  const MonotonicTime start = clock.Now();
  const TimestampMs start_ms = clock.NowMs();
  clock.Advance(std::chrono::seconds(2));
  EXPECT_EQ(clock.Now() - start, std::chrono::seconds(2));
  EXPECT_EQ(clock.NowMs() - start_ms, 2000);
  clock.SetWall(5);
  EXPECT_EQ(clock.NowMs(), 5);
  EXPECT_EQ(clock.Now() - start, std::chrono::seconds(2));
}

}  // namespace
}  // namespace qalam
