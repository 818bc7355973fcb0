#include "common/file_system.h"

#include <gtest/gtest.h>

#include "tests/support/fault_file_system.h"
#include "tests/support/memory_file_system.h"

namespace qalam {
namespace {

TEST(PathTest, JoinsAndSplits) {
  EXPECT_EQ(JoinPath("/a", "b"), "/a/b");
  EXPECT_EQ(JoinPath("/a/", "b"), "/a/b");
  EXPECT_EQ(JoinPath("/", "b"), "/b");
  EXPECT_EQ(JoinPath("", "b"), "b");
  EXPECT_EQ(ParentPath("/a/b"), "/a");
  EXPECT_EQ(ParentPath("/a"), "/");
  EXPECT_EQ(ParentPath("a"), ".");
}

TEST(WholeFileTest, ReadsUpToALimit) {
  MemoryFileSystem fs;
  fs.SetContent("/f", Bytes(10));
  EXPECT_EQ(ReadWholeFile(fs, "/f", 10).value().size(), 10u);
  EXPECT_EQ(ReadWholeFile(fs, "/f", 9).error().code(), ErrorCode::kOutOfRange);
  EXPECT_EQ(ReadWholeFile(fs, "/g", 9).error().code(), ErrorCode::kNotFound);
}

// The process is killed at every change in turn, then the power goes (with every kind of leftover
// that ten seeds give): the file is the old one or the new one, and the new one once the call said
// so.
TEST(WholeFileTest, ReplacingIsAtomicAndDurableWhereverItBreaks) {
  const Bytes old_content(1000, std::byte{'o'});
  const Bytes new_content(3000, std::byte{'n'});
  bool finished = false;
  for (std::uint64_t n = 1; !finished; ++n) {
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
      MemoryFileSystem memory;
      ASSERT_TRUE(memory.CreateDirectory("/d").ok());
      ASSERT_TRUE(ReplaceFile(memory, "/d/f", old_content).ok());
      FaultFileSystem fs(memory);
      fs.StopAtChange(n, FaultFileSystem::Extent::kHalf);
      finished = ReplaceFile(fs, "/d/f", new_content).ok();
      memory.Crash(seed);
      const Bytes now = memory.Content("/d/f");
      ASSERT_TRUE(now == new_content || (!finished && now == old_content)) << n << " " << seed;
    }
  }
}

TEST(WholeFileTest, AFailedReplacementLeavesTheOldFileAndNothingElse) {
  MemoryFileSystem memory;
  ASSERT_TRUE(memory.CreateDirectory("/d").ok());
  ASSERT_TRUE(ReplaceFile(memory, "/d/f", AsBytes("old")).ok());
  memory.SetFreeBytes(4096);
  EXPECT_EQ(ReplaceFile(memory, "/d/f", Bytes(10000)).error().code(), ErrorCode::kNoSpace);
  EXPECT_EQ(AsText(memory.Content("/d/f")), "old");
  EXPECT_EQ(memory.List("/d").value().size(), 1u);
  EXPECT_EQ(memory.FreeBytes("/d").value(), 4096u);
}

}  // namespace
}  // namespace qalam
