#include "tests/support/memory_file_system.h"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string>

#include "common/posix_file.h"

namespace qalam {
namespace {

using Mode = OpenOptions::Mode;
constexpr std::size_t kSector = MemoryInode::kSectorBytes;

std::unique_ptr<File> Open(FileSystem& fs, const std::string& path, Mode mode = Mode::kOpenOrCreate,
                           bool direct = false) {
  auto file = fs.Open(path, {.mode = mode, .direct = direct});
  EXPECT_TRUE(file.ok()) << file.error().ToString();
  return std::move(file).value();
}

Status WriteText(File& file, std::uint64_t position, std::string_view text) {
  const std::array<BytesView, 1> parts = {AsBytes(text)};
  return file.WriteAt(position, parts);
}

std::string Text(const MemoryFileSystem& fs, const std::string& path) {
  return std::string(AsText(fs.Content(path)));
}

std::string ReadDirect(FileSystem& fs, const std::string& path, std::size_t size) {
  std::string text(size, '?');
  const Status status = fs.ReadDirect(path, 0, std::as_writable_bytes(std::span(text)));
  return status.ok() ? text : status.error().ToString();
}

// "/d" with a synced file "f" that holds `text`.
void MakeSynced(MemoryFileSystem& fs, std::string_view text) {
  ASSERT_TRUE(fs.CreateDirectory("/d").ok());
  const auto file = Open(fs, "/d/f");
  ASSERT_TRUE(WriteText(*file, 0, text).ok());
  ASSERT_TRUE(file->Sync().ok());
  ASSERT_TRUE(fs.SyncDirectory("/d").ok());
}

TEST(MemoryFileSystemTest, ACrashForgetsWhatWasNotSynced) {
  MemoryFileSystem fs;
  MakeSynced(fs, "old");
  const auto file = Open(fs, "/d/f");
  ASSERT_TRUE(WriteText(*file, 0, "newer").ok());
  EXPECT_EQ(Text(fs, "/d/f"), "newer");
  fs.Crash();
  EXPECT_EQ(Text(fs, "/d/f"), "old");
}

TEST(MemoryFileSystemTest, ACrashForgetsTruncationsAndZeros) {
  MemoryFileSystem fs;
  MakeSynced(fs, "abcdef");
  const auto file = Open(fs, "/d/f");
  ASSERT_TRUE(file->Truncate(2).ok());
  ASSERT_TRUE(file->ZeroFill(1, 4).ok());
  EXPECT_EQ(Text(fs, "/d/f"), std::string("a\0\0\0", 4));
  fs.Crash();
  EXPECT_EQ(Text(fs, "/d/f"), "abcdef");
}

TEST(MemoryFileSystemTest, ASyncedFileWithoutASyncedNameIsGone) {
  MemoryFileSystem fs;
  ASSERT_TRUE(fs.CreateDirectory("/d").ok());
  const auto file = Open(fs, "/d/f");
  ASSERT_TRUE(WriteText(*file, 0, "x").ok());
  ASSERT_TRUE(file->Sync().ok());
  fs.Crash();
  EXPECT_FALSE(fs.Exists("/d/f").value());
  EXPECT_TRUE(fs.Exists("/d").value());  // Right below "/".
}

TEST(MemoryFileSystemTest, ADirectoryNeedsItsParentSynced) {
  MemoryFileSystem fs;
  ASSERT_TRUE(fs.CreateDirectory("/d").ok());
  ASSERT_TRUE(fs.CreateDirectory("/d/kept").ok());
  ASSERT_TRUE(fs.SyncDirectory("/d").ok());
  ASSERT_TRUE(fs.CreateDirectory("/d/lost").ok());
  fs.Crash();
  EXPECT_TRUE(fs.Exists("/d/kept").value());
  EXPECT_FALSE(fs.Exists("/d/lost").value());
}

TEST(MemoryFileSystemTest, ARenameIsUndoneUntilTheDirectoryIsSynced) {
  MemoryFileSystem fs;
  MakeSynced(fs, "content");
  ASSERT_TRUE(fs.Rename("/d/f", "/d/g").ok());
  fs.Crash();
  EXPECT_EQ(Text(fs, "/d/f"), "content");
  EXPECT_FALSE(fs.Exists("/d/g").value());
  ASSERT_TRUE(fs.Rename("/d/f", "/d/g").ok());
  ASSERT_TRUE(fs.SyncDirectory("/d").ok());
  fs.Crash();
  EXPECT_FALSE(fs.Exists("/d/f").value());
  EXPECT_EQ(Text(fs, "/d/g"), "content");
}

TEST(MemoryFileSystemTest, ARenamedFileThatWasNotSyncedComesBackEmpty) {
  MemoryFileSystem fs;
  MakeSynced(fs, "content");
  ASSERT_TRUE(WriteText(*Open(fs, "/d/new"), 0, "fresh").ok());
  ASSERT_TRUE(fs.Rename("/d/new", "/d/f").ok());
  ASSERT_TRUE(fs.SyncDirectory("/d").ok());
  fs.Crash();
  EXPECT_EQ(Text(fs, "/d/f"), "");
}

TEST(MemoryFileSystemTest, ARemovedFileIsBackUntilTheDirectoryIsSynced) {
  MemoryFileSystem fs;
  MakeSynced(fs, "content");
  ASSERT_TRUE(fs.Remove("/d/f").ok());
  fs.Crash();
  EXPECT_EQ(Text(fs, "/d/f"), "content");
  ASSERT_TRUE(fs.Remove("/d/f").ok());
  ASSERT_TRUE(fs.SyncDirectory("/d").ok());
  fs.Crash();
  EXPECT_FALSE(fs.Exists("/d/f").value());
}

TEST(MemoryFileSystemTest, AFileThatWasRemovedWhileOpenIsStillReadable) {
  MemoryFileSystem fs;
  MakeSynced(fs, "content");
  const auto file = Open(fs, "/d/f", Mode::kRead);
  ASSERT_TRUE(fs.Remove("/d/f").ok());
  std::array<std::byte, 7> out{};
  EXPECT_TRUE(file->ReadAt(0, out).ok());
  EXPECT_EQ(AsText(out), "content");
}

TEST(MemoryFileSystemTest, HandlesFromBeforeACrashFail) {
  MemoryFileSystem fs;
  MakeSynced(fs, "old");
  const auto file = Open(fs, "/d/f");
  fs.Crash();
  std::array<std::byte, 1> out{};
  EXPECT_EQ(file->ReadAt(0, out).error().code(), ErrorCode::kIo);
  EXPECT_EQ(WriteText(*file, 0, "x").error().code(), ErrorCode::kIo);
  EXPECT_EQ(file->Sync().error().code(), ErrorCode::kIo);
}

TEST(MemoryFileSystemTest, AfterAFailedSyncDirectReadsSeeTheOldBytes) {
  MemoryFileSystem fs;
  MakeSynced(fs, "old");
  {
    const auto file = Open(fs, "/d/f");
    ASSERT_TRUE(WriteText(*file, 0, "new").ok());
    EXPECT_EQ(ReadDirect(fs, "/d/f", 3), "new");  // A direct read writes dirty pages out first.
    MemoryFileSystem::LoseUnsynced(*file);
    EXPECT_EQ(file->Sync().error().code(), ErrorCode::kIo);
  }
  EXPECT_EQ(Text(fs, "/d/f"), "new");
  EXPECT_EQ(ReadDirect(fs, "/d/f", 3), "old");
  // Another handle's sync succeeds and means nothing for the lost bytes; later ones it does bring.
  const auto again = Open(fs, "/d/f");
  ASSERT_TRUE(WriteText(*again, 3, "er").ok());
  ASSERT_TRUE(again->Sync().ok());
  EXPECT_EQ(Text(fs, "/d/f"), "newer");
  EXPECT_EQ(ReadDirect(fs, "/d/f", 5), "older");
  fs.Crash();
  EXPECT_EQ(Text(fs, "/d/f"), "older");
}

TEST(MemoryFileSystemTest, ReadingBeyondTheEndIsOutOfRange) {
  MemoryFileSystem fs;
  MakeSynced(fs, "abc");
  std::array<std::byte, 2> out{};
  EXPECT_EQ(Open(fs, "/d/f")->ReadAt(2, out).error().code(), ErrorCode::kOutOfRange);
  EXPECT_EQ(fs.ReadDirect("/d/f", 4, out).error().code(), ErrorCode::kOutOfRange);
}

TEST(MemoryFileSystemTest, OpeningFollowsItsMode) {
  MemoryFileSystem fs;
  MakeSynced(fs, "abc");
  EXPECT_EQ(fs.Open("/d/f", {.mode = Mode::kCreate}).error().code(), ErrorCode::kConflict);
  EXPECT_EQ(fs.Open("/d/g", {.mode = Mode::kReadWrite}).error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(fs.Open("/e/g", {.mode = Mode::kCreate}).error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(fs.Open("/d", {.mode = Mode::kRead}).error().code(), ErrorCode::kIo);
  EXPECT_EQ(WriteText(*Open(fs, "/d/f", Mode::kRead), 0, "x").error().code(), ErrorCode::kIo);
  EXPECT_EQ(fs.Remove("/d").error().code(), ErrorCode::kIo);  // Not empty.
  const auto entries = fs.List("/d");
  ASSERT_EQ(entries->size(), 1u);
  EXPECT_EQ(entries->front().name, "f");
}

TEST(MemoryFileSystemTest, AFullDiskTakesWhatFits) {
  MemoryFileSystem fs;
  MakeSynced(fs, std::string(100, 'a'));
  fs.SetFreeBytes(2 * MemoryInode::kBlockBytes);
  const auto file = Open(fs, "/d/f");
  // Blocks 0 (there already), 1 and 2 fit.
  EXPECT_EQ(WriteText(*file, 0, std::string(20000, 'b')).error().code(), ErrorCode::kNoSpace);
  EXPECT_EQ(file->size_bytes(), 3 * MemoryInode::kBlockBytes);
  EXPECT_EQ(fs.FreeBytes("/d").value(), 0u);
  EXPECT_TRUE(WriteText(*file, 0, std::string(12288, 'c')).ok());  // Overwriting needs nothing.
  ASSERT_TRUE(file->Truncate(100).ok());
  EXPECT_EQ(fs.FreeBytes("/d").value(), 2 * MemoryInode::kBlockBytes);
  ASSERT_TRUE(fs.Remove("/d/f").ok());
  EXPECT_EQ(fs.FreeBytes("/d").value(), 3 * MemoryInode::kBlockBytes);
}

TEST(MemoryFileSystemDeathTest, DirectFilesDemandAlignment) {
  MemoryFileSystem fs(512);
  MakeSynced(fs, "abc");
  EXPECT_EQ(fs.ProbeDirectAlignment("/d"), 512u);
  const auto file = Open(fs, "/d/f", Mode::kReadWrite, true);
  EXPECT_EQ(file->write_alignment(), 512u);
  AlignedBuffer buffer(1024);
  const BytesView all = buffer.bytes();
  const auto write = [&](std::uint64_t position, BytesView part) {
    const std::array<BytesView, 1> parts = {part};
    return file->WriteAt(position, parts);
  };
  EXPECT_TRUE(write(512, all.first(512)).ok());
  EXPECT_DEATH((void)write(100, all.first(512)), "check failed");
  EXPECT_DEATH((void)write(0, all.first(100)), "check failed");
  EXPECT_DEATH((void)write(0, all.subspan(8, 512)), "check failed");
  EXPECT_EQ(Open(fs, "/d/f", Mode::kReadWrite)->write_alignment(), 1u);
  MemoryFileSystem without;
  EXPECT_EQ(without.ProbeDirectAlignment("/"), 0u);
}

TEST(MemoryFileSystemTest, ChangedContentIsThereAfterACrash) {
  MemoryFileSystem fs;
  MakeSynced(fs, "abc");
  Bytes content = fs.Content("/d/f");
  content[1] ^= std::byte{1};
  fs.SetContent("/d/f", content);
  fs.SetContent("/d/made", content);
  fs.Crash();
  EXPECT_EQ(Text(fs, "/d/f"), "acc");
  EXPECT_EQ(Text(fs, "/d/made"), "acc");
}

// Every sector after a crash is as it was at some moment since the last sync; the size too. Over
// many seeds each of the interesting outcomes must turn up.
TEST(MemoryFileSystemTest, ASeededCrashTearsByTheSector) {
  std::set<std::string> outcomes;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    MemoryFileSystem fs;
    MakeSynced(fs, std::string(2 * kSector, '0'));
    const auto file = Open(fs, "/d/f");
    ASSERT_TRUE(WriteText(*file, kSector, std::string(2 * kSector, '1')).ok());
    ASSERT_TRUE(WriteText(*file, kSector + 1, std::string(2 * kSector, '2')).ok());
    fs.Crash(seed);
    const std::string text = Text(fs, "/d/f");
    std::string outcome;
    for (std::size_t at = 0; at < text.size(); at += kSector) {
      const std::string sector = text.substr(at, kSector);
      const char last = sector.back() == '\0' ? '.' : sector.back();
      outcome.push_back(last);
      // Within a sector there is no tearing: only the first byte may be of another age.
      const std::string middle = sector.substr(std::min<std::size_t>(1, sector.size() - 1));
      EXPECT_EQ(middle, std::string(middle.size(), sector.back())) << seed;
    }
    ASSERT_TRUE(text.starts_with(std::string(kSector, '0'))) << "synced and not touched since";
    outcomes.insert(outcome);
  }
  EXPECT_TRUE(outcomes.contains("00"));    // Nothing arrived.
  EXPECT_TRUE(outcomes.contains("0222"));  // All: the last sector is one byte.
  EXPECT_TRUE(outcomes.contains("011"));   // The first write only.
  EXPECT_TRUE(outcomes.contains("002"));   // The second sector kept its old bytes: out of order.
  EXPECT_TRUE(outcomes.contains("02.."));  // The size arrived before the bytes.
  EXPECT_TRUE(outcomes.contains("01"));    // A sector arrived before the size.
  EXPECT_GT(outcomes.size(), 8u);
}

TEST(MemoryFileSystemTest, TheSameSeedCrashesTheSameWay) {
  const auto crash = [](std::uint64_t seed) {
    MemoryFileSystem fs;
    MakeSynced(fs, "");
    const auto file = Open(fs, "/d/f");
    for (int i = 0; i < 20; ++i) {
      const auto at = static_cast<std::uint64_t>(i) * 300;
      EXPECT_TRUE(WriteText(*file, at, std::string(700, static_cast<char>('a' + i))).ok());
    }
    fs.Crash(seed);
    return Text(fs, "/d/f");
  };
  EXPECT_EQ(crash(7), crash(7));
  EXPECT_NE(crash(7), crash(8));
}

TEST(MemoryFileSystemTest, ATruncationArrivesWholeOrNotAtAll) {
  std::set<std::string> outcomes;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    MemoryFileSystem fs;
    MakeSynced(fs, std::string(4 * kSector, 'a'));
    const auto file = Open(fs, "/d/f");
    ASSERT_TRUE(file->Truncate(kSector).ok());
    ASSERT_TRUE(WriteText(*file, 2 * kSector, std::string(kSector, 'b')).ok());
    fs.Crash(seed);
    std::string outcome;
    const std::string text = Text(fs, "/d/f");
    for (std::size_t at = 0; at < text.size(); at += kSector) {
      outcome.push_back(text[at] == '\0' ? '.' : text[at]);
    }
    outcomes.insert(outcome);
  }
  EXPECT_EQ(outcomes, (std::set<std::string>{"aaaa", "a", "a..", "a.b"}));
}

TEST(MemoryFileSystemTest, ASeededCrashKeepsTheOldestChangesOfADirectory) {
  std::set<std::string> outcomes;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    MemoryFileSystem fs;
    MakeSynced(fs, "content");
    ASSERT_TRUE(fs.Rename("/d/f", "/d/g").ok());
    (void)Open(fs, "/d/h");
    fs.Crash(seed);
    std::string outcome;
    const auto entries = fs.List("/d");
    for (const DirectoryEntry& entry : *entries) outcome += entry.name;
    outcomes.insert(outcome);
  }
  EXPECT_EQ(outcomes, (std::set<std::string>{"f", "g", "gh"}));
}

}  // namespace
}  // namespace qalam
