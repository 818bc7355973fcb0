#include "broker/metadata/revision_guard.h"

#include <gtest/gtest.h>

#include "tests/support/fault_file_system.h"
#include "tests/support/memory_file_system.h"

namespace qalam {
namespace {

constexpr const char* kPath = "/data/metadata.guard";

// Killed at any step of any of its first writes, with half of what was being written in the file:
// what is read is what was written last, or before it.
TEST(RevisionGuardTest, AWriteThatIsInterruptedAnywhereLeavesAGuardThatCanBeRead) {
  for (const auto extent : {FaultFileSystem::Extent::kNothing, FaultFileSystem::Extent::kHalf}) {
    std::uint64_t step = 1;
    for (bool finished = false; !finished; ++step) {
      MemoryFileSystem memory;
      ASSERT_TRUE(memory.CreateDirectory("/data").ok());
      FaultFileSystem fs(memory);
      fs.StopAtChange(step, extent);
      std::uint64_t written = 0;
      {
        RevisionGuard guard(fs, kPath);
        while (written < 4 && guard.Write(written + 1).ok()) ++written;
      }
      finished = written == 4;
      const auto read = RevisionGuard::Read(memory, kPath);
      ASSERT_TRUE(read.ok()) << "step " << step << ": " << read.error().ToString();
      EXPECT_GE(read->value_or(0), written);
      EXPECT_LE(read->value_or(0), written + 1);
      RevisionGuard again(memory, kPath);
      ASSERT_TRUE(again.Write(7).ok());
      EXPECT_EQ(RevisionGuard::Read(memory, kPath).value(), 7u);
    }
    EXPECT_GT(step, 8u);
  }
}

TEST(RevisionGuardTest, AFirstWriteThatFailedIsMadeAgain) {
  MemoryFileSystem memory;
  ASSERT_TRUE(memory.CreateDirectory("/data").ok());
  FaultFileSystem fs(memory);
  RevisionGuard guard(fs, kPath);
  fs.FailChange(2, ErrorCode::kNoSpace);
  ASSERT_FALSE(guard.Write(1).ok());
  EXPECT_FALSE(RevisionGuard::Read(memory, kPath).value().has_value());
  ASSERT_TRUE(guard.Write(1).ok());
  EXPECT_EQ(RevisionGuard::Read(memory, kPath).value(), 1u);
}

}  // namespace
}  // namespace qalam
