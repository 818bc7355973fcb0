#include "common/posix_file_system.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <string>
#include <vector>

#include "common/posix_file.h"
#include "tests/support/temp_directory.h"

namespace qalam {
namespace {

using Mode = OpenOptions::Mode;

class PosixFileSystemTest : public testing::Test {
 protected:
  std::unique_ptr<File> Open(const std::string& name, Mode mode, bool direct = false) {
    auto file = fs_.Open(directory_.File(name), {.mode = mode, .direct = direct});
    EXPECT_TRUE(file.ok()) << file.error().ToString();
    return std::move(file).value();
  }
  static Status Write(File& file, std::uint64_t position, BytesView bytes) {
    const std::array<BytesView, 1> parts = {bytes};
    return file.WriteAt(position, parts);
  }
  static std::string Read(const File& file, std::uint64_t position, std::size_t size) {
    std::string text(size, '?');
    const Status status = file.ReadAt(position, std::as_writable_bytes(std::span(text)));
    return status.ok() ? text : status.error().ToString();
  }

  TempDirectory directory_;
  PosixFileSystem& fs_ = PosixFileSystem::Get();
};

TEST_F(PosixFileSystemTest, WritesPartsInOrderAndReadsThemBack) {
  const auto file = Open("f", Mode::kCreate);
  EXPECT_EQ(file->write_alignment(), 1u);
  // More parts than one system call takes.
  std::vector<std::string> texts;
  std::string all;
  for (int i = 0; i < 3000; ++i) texts.push_back(std::to_string(i) + (i % 7 == 0 ? "" : ","));
  texts[10].clear();
  std::vector<BytesView> parts;
  for (const std::string& text : texts) {
    parts.push_back(AsBytes(text));
    all += text;
  }
  ASSERT_TRUE(file->WriteAt(5, parts).ok());
  EXPECT_EQ(file->size_bytes(), 5 + all.size());
  EXPECT_EQ(Read(*file, 5, all.size()), all);
  EXPECT_EQ(Read(*file, 0, 5), std::string(5, '\0'));
  EXPECT_TRUE(file->Sync().ok());
}

TEST_F(PosixFileSystemTest, ReadingBeyondTheEndIsOutOfRange) {
  const auto file = Open("f", Mode::kCreate);
  ASSERT_TRUE(Write(*file, 0, AsBytes("abc")).ok());
  std::array<std::byte, 2> out{};
  EXPECT_EQ(file->ReadAt(2, out).error().code(), ErrorCode::kOutOfRange);
  EXPECT_EQ(fs_.ReadDirect(directory_.File("f"), 2, out).error().code(), ErrorCode::kOutOfRange);
  EXPECT_EQ(fs_.ReadDirect(directory_.File("f"), 9000, out).error().code(), ErrorCode::kOutOfRange);
}

TEST_F(PosixFileSystemTest, ZeroFillsAndTruncates) {
  const auto file = Open("f", Mode::kCreate);
  ASSERT_TRUE(Write(*file, 0, AsBytes("abcdef")).ok());
  ASSERT_TRUE(file->ZeroFill(2, (3 << 20) + 1).ok());
  EXPECT_EQ(file->size_bytes(), std::uint64_t{(3 << 20) + 1});
  EXPECT_EQ(Read(*file, 0, 4), std::string("ab\0\0", 4));
  ASSERT_TRUE(file->Truncate(1).ok());
  EXPECT_EQ(file->size_bytes(), 1u);
  ASSERT_TRUE(file->Truncate(10).ok());
  EXPECT_EQ(Read(*file, 0, 10), std::string("a") + std::string(9, '\0'));
  file->StartWriteback(0, 10);
  EXPECT_TRUE(file->ZeroFill(5, 5).ok());
}

TEST_F(PosixFileSystemTest, DirectFilesWriteBlocksAndReadAnything) {
  const std::size_t alignment = fs_.ProbeDirectAlignment(directory_.path());
  EXPECT_TRUE(fs_.List(directory_.path()).value().empty());  // The probe left nothing behind.
  if (alignment == 0) GTEST_SKIP() << "no direct I/O below " << directory_.path();
  const auto file = Open("f", Mode::kCreate, true);
  ASSERT_EQ(file->write_alignment(), alignment);
  AlignedBuffer buffer(16384);
  const std::span<std::byte> bytes = buffer.bytes();
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>('a' + i % 23);
  const std::string text(AsText(bytes));
  const std::array<BytesView, 2> parts = {bytes.first(4096), bytes.subspan(4096)};
  ASSERT_TRUE(file->WriteAt(0, parts).ok());
  EXPECT_EQ(Read(*file, 4095, 3), text.substr(4095, 3));
  // A block is written again, as the tail of a log is: buffered readers see it.
  bytes[5000] = std::byte{'!'};
  ASSERT_TRUE(Write(*file, 4096, bytes.subspan(4096, 4096)).ok());
  EXPECT_EQ(Read(*file, 5000, 1), "!");
  ASSERT_TRUE(file->ZeroFill(16384, 16384 + (1 << 20) + 4096).ok());
  ASSERT_TRUE(file->Sync().ok());
  EXPECT_EQ(Read(*file, 16383, 2), text.substr(16383, 1) + std::string(1, '\0'));
  // Cut to an odd size, as sealing a segment does, and go on behind it.
  ASSERT_TRUE(file->Truncate(5001).ok());
  EXPECT_EQ(file->size_bytes(), 5001u);
  EXPECT_EQ(Read(*file, 4999, 2), text.substr(4999, 1) + "!");
  ASSERT_TRUE(Write(*file, 4096, bytes.subspan(4096, 4096)).ok());
  EXPECT_EQ(file->size_bytes(), 8192u);
}

TEST_F(PosixFileSystemTest, DirectFilesDemandAlignment) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  if (fs_.ProbeDirectAlignment(directory_.path()) == 0) GTEST_SKIP();
  const auto file = Open("f", Mode::kOpenOrCreate, true);
  AlignedBuffer buffer(8192);
  const BytesView bytes = buffer.bytes();
  EXPECT_DEATH((void)Write(*file, 512, bytes.first(4096)), "check failed");
  EXPECT_DEATH((void)Write(*file, 0, bytes.first(100)), "check failed");
  EXPECT_DEATH((void)Write(*file, 0, bytes.subspan(512, 4096)), "check failed");
  EXPECT_DEATH((void)file->ZeroFill(0, 100), "check failed");
}

TEST_F(PosixFileSystemTest, OpenedDirectForReadingItDemandsNothing) {
  ASSERT_TRUE(Write(*Open("f", Mode::kCreate), 0, AsBytes("abc")).ok());
  const auto file = Open("f", Mode::kRead, true);
  EXPECT_EQ(file->write_alignment(), 1u);
  EXPECT_EQ(Read(*file, 1, 2), "bc");
}

TEST_F(PosixFileSystemTest, AProbeThatFailedLeftoverIsNoObstacle) {
  const std::size_t alignment = fs_.ProbeDirectAlignment(directory_.path());
  const std::string leftover = ".direct-probe-" + std::to_string(getpid());
  ASSERT_TRUE(Write(*Open(leftover, Mode::kCreate), 0, AsBytes("x")).ok());
  EXPECT_EQ(fs_.ProbeDirectAlignment(directory_.path()), alignment);
  EXPECT_EQ(fs_.ProbeDirectAlignment(directory_.File("missing")), 0u);
}

TEST_F(PosixFileSystemTest, ReadDirectReadsAnyRange) {
  std::string text;
  for (int i = 0; text.size() < (3 << 20) + 777; ++i) text += std::to_string(i);
  const auto file = Open("f", Mode::kCreate);
  ASSERT_TRUE(Write(*file, 0, AsBytes(text)).ok());  // Not synced: it is written out first.
  struct Range {
    std::size_t at;
    std::size_t size;
  };
  for (const Range range : {Range{0, 1}, Range{1, 4096}, Range{4095, 2}, Range{0, text.size()},
                            Range{12345, (2 << 20) + 99}, Range{text.size() - 1, 1}, Range{7, 0}}) {
    std::string out(range.size, '?');
    const Status status =
        fs_.ReadDirect(directory_.File("f"), range.at, std::as_writable_bytes(std::span(out)));
    ASSERT_TRUE(status.ok()) << status.error().ToString();
    ASSERT_TRUE(out == text.substr(range.at, range.size)) << range.at << " " << range.size;
  }
  std::array<std::byte, 1> out{};
  EXPECT_EQ(fs_.ReadDirect(directory_.File("none"), 0, out).error().code(), ErrorCode::kNotFound);
}

// Shared memory has no direct I/O on older kernels: there this tests the other way to read.
TEST_F(PosixFileSystemTest, WorksOnAMemoryFileSystemToo) {
  std::string path = "/dev/shm/qalam-test-" + std::to_string(getpid());
  auto file = fs_.Open(path, {.mode = Mode::kOpenOrCreate, .direct = true});
  if (!file.ok()) GTEST_SKIP() << file.error().ToString();
  AlignedBuffer buffer(4096);
  buffer.bytes()[1] = std::byte{'x'};
  EXPECT_TRUE(Write(**file, 0, buffer.bytes()).ok());
  EXPECT_TRUE(file.value()->Sync().ok());
  std::array<std::byte, 2> out{};
  EXPECT_TRUE(fs_.ReadDirect(path, 1, out).ok());
  EXPECT_EQ(out[0], std::byte{'x'});
  EXPECT_TRUE(fs_.Remove(path).ok());
}

TEST_F(PosixFileSystemTest, OpeningFollowsItsMode) {
  EXPECT_EQ(fs_.Open(directory_.File("f"), {.mode = Mode::kRead}).error().code(),
            ErrorCode::kNotFound);
  EXPECT_EQ(fs_.Open(directory_.File("f"), {.mode = Mode::kReadWrite}).error().code(),
            ErrorCode::kNotFound);
  (void)Open("f", Mode::kCreate);
  const auto again = fs_.Open(directory_.File("f"), {.mode = Mode::kCreate});
  EXPECT_EQ(again.error().code(), ErrorCode::kConflict);
  EXPECT_NE(again.error().message().find(directory_.File("f")), std::string::npos);
  (void)Open("f", Mode::kOpenOrCreate);
  EXPECT_FALSE(Write(*Open("f", Mode::kRead), 0, AsBytes("x")).ok());
}

TEST_F(PosixFileSystemTest, MakesThingsForTheOwnerOnly) {
  const mode_t before = umask(0);
  (void)Open("f", Mode::kCreate);
  ASSERT_TRUE(fs_.CreateDirectory(directory_.File("d")).ok());
  umask(before);
  struct stat status {};
  ASSERT_EQ(stat(directory_.File("f").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600u);
  ASSERT_EQ(stat(directory_.File("d").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0700u);
}

// How many there are of that name; whether children inherit one.
struct Descriptors {
  int count = 0;
  bool inherited = false;
};
Descriptors DescriptorsOf(const std::string& path) {
  Descriptors found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code error;
    if (std::filesystem::read_symlink(entry.path(), error) != path) continue;
    ++found.count;
    if ((fcntl(std::stoi(entry.path().filename()), F_GETFD) & FD_CLOEXEC) == 0)
      found.inherited = true;
  }
  return found;
}

TEST_F(PosixFileSystemTest, ADirectFileHasOneDescriptorUntilItIsReadAndChildrenInheritNone) {
  if (fs_.ProbeDirectAlignment(directory_.path()) == 0) GTEST_SKIP();
  const auto file = Open("f", Mode::kCreate, true);
  EXPECT_EQ(DescriptorsOf(directory_.File("f")).count, 1);
  ASSERT_TRUE(file->ZeroFill(0, 4096).ok());
  // Whatever its name is by then.
  ASSERT_TRUE(fs_.Rename(directory_.File("f"), directory_.File("g")).ok());
  EXPECT_EQ(Read(*file, 1, 2), std::string(2, '\0'));
  EXPECT_EQ(Read(*file, 1, 2), std::string(2, '\0'));
  const Descriptors found = DescriptorsOf(directory_.File("g"));
  EXPECT_EQ(found.count, 2);
  EXPECT_FALSE(found.inherited);
}

TEST_F(PosixFileSystemTest, OpensNothingButRegularFiles) {
  ASSERT_EQ(mkfifo(directory_.File("pipe").c_str(), 0600), 0);
  EXPECT_EQ(fs_.Open(directory_.File("pipe"), {}).error().code(), ErrorCode::kIo);  // At once.
  EXPECT_EQ(fs_.Open(directory_.path(), {}).error().code(), ErrorCode::kIo);
  (void)Open("target", Mode::kCreate);
  ASSERT_EQ(symlink(directory_.File("target").c_str(), directory_.File("link").c_str()), 0);
  EXPECT_EQ(fs_.Open(directory_.File("link"), {}).error().code(), ErrorCode::kIo);
  std::array<std::byte, 1> out{};
  EXPECT_FALSE(fs_.ReadDirect(directory_.File("link"), 0, out).ok());
}

TEST_F(PosixFileSystemTest, ADirectoryThatIsALinkCanBeSynced) {
  ASSERT_TRUE(fs_.CreateDirectory(directory_.File("real")).ok());
  ASSERT_EQ(symlink("real", directory_.File("link").c_str()), 0);
  EXPECT_TRUE(fs_.SyncDirectory(directory_.File("real")).ok());
  EXPECT_TRUE(fs_.SyncDirectory(directory_.File("link")).ok());
  EXPECT_EQ(fs_.SyncDirectory(directory_.File("none")).error().code(), ErrorCode::kNotFound);
}

TEST_F(PosixFileSystemTest, ListsSortedAndTellsDirectoriesApart) {
  (void)Open("b", Mode::kCreate);
  (void)Open("a", Mode::kCreate);
  ASSERT_TRUE(fs_.CreateDirectory(directory_.File("c")).ok());
  const auto entries = fs_.List(directory_.path());
  ASSERT_EQ(entries->size(), 3u);
  EXPECT_EQ((*entries)[0].name, "a");
  EXPECT_EQ((*entries)[1].name, "b");
  EXPECT_FALSE((*entries)[1].is_directory);
  EXPECT_TRUE((*entries)[2].is_directory);
  EXPECT_EQ(fs_.List(directory_.File("none")).error().code(), ErrorCode::kNotFound);
}

TEST_F(PosixFileSystemTest, RenamesAndRemoves) {
  ASSERT_TRUE(Write(*Open("a", Mode::kCreate), 0, AsBytes("a")).ok());
  ASSERT_TRUE(Write(*Open("b", Mode::kCreate), 0, AsBytes("b")).ok());
  ASSERT_TRUE(fs_.Rename(directory_.File("a"), directory_.File("b")).ok());
  EXPECT_EQ(Read(*Open("b", Mode::kRead), 0, 1), "a");
  EXPECT_FALSE(fs_.Exists(directory_.File("a")).value());
  EXPECT_FALSE(fs_.Exists(directory_.File("b/below-a-file")).value());
  ASSERT_TRUE(fs_.CreateDirectory(directory_.File("d")).ok());
  ASSERT_TRUE(fs_.CreateDirectory(directory_.File("d")).ok());  // Fine if it exists.
  EXPECT_FALSE(fs_.CreateDirectory(directory_.File("b")).ok());
  ASSERT_TRUE(fs_.CreateDirectory(directory_.File("d/e")).ok());
  const Status full = fs_.Remove(directory_.File("d"));
  ASSERT_FALSE(full.ok());
  EXPECT_NE(full.error().message().find("not empty"), std::string::npos) << full.error().message();
  EXPECT_TRUE(fs_.Remove(directory_.File("d/e")).ok());
  EXPECT_TRUE(fs_.Remove(directory_.File("d")).ok());
  EXPECT_EQ(fs_.Remove(directory_.File("d")).error().code(), ErrorCode::kNotFound);
}

TEST_F(PosixFileSystemTest, KnowsTheFreeSpace) {
  EXPECT_GT(fs_.FreeBytes(directory_.path()).value(), 0u);
  EXPECT_EQ(fs_.FreeBytes(directory_.File("none")).error().code(), ErrorCode::kNotFound);
}

// Without a spare descriptor a direct file (two) fails as a whole: it must not leave a new, empty
// file that the next attempt would trip over.
TEST_F(PosixFileSystemTest, WithoutDescriptorsNothingIsLeftBehind) {
  if (fs_.ProbeDirectAlignment(directory_.path()) == 0) GTEST_SKIP();
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const int next = dup(0);
  ASSERT_GE(next, 0);
  close(next);
  rlimit one_left = before;
  one_left.rlim_cur = static_cast<rlim_t>(next) + 1;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &one_left), 0);
  const auto failed = fs_.Open(directory_.File("f"), {.mode = Mode::kCreate, .direct = true});
  const ErrorCode code = failed.ok() ? ErrorCode::kUnknown : failed.error().code();
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(code, ErrorCode::kTooManyRequests);
  EXPECT_FALSE(fs_.Exists(directory_.File("f")).value());
}

TEST_F(PosixFileSystemTest, AFileLimitIsAnErrorNotASignal) {
  // /dev/full would be a device; a limit on the size of files is the next best full disk.
  const auto file = Open("f", Mode::kCreate);
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto old_handler = signal(SIGXFSZ, SIG_IGN);
  rlimit small = before;
  small.rlim_cur = 6000;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  // The kernel writes what fits; the rest must end in an error, not in silence.
  const Status status = Write(*file, 0, Bytes(10000, std::byte{'x'}));
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  signal(SIGXFSZ, old_handler);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(file->size_bytes(), 6000u);
}

TEST(ErrnoTest, HasACodeAndAText) {
  EXPECT_EQ(ErrorFromErrno(ENOSPC, "write", "/f").code(), ErrorCode::kNoSpace);
  EXPECT_EQ(ErrorFromErrno(EDQUOT, "write", "/f").code(), ErrorCode::kNoSpace);
  EXPECT_EQ(ErrorFromErrno(EMFILE, "open", "/f").code(), ErrorCode::kTooManyRequests);
  EXPECT_EQ(ErrorFromErrno(EROFS, "open", "/f").code(), ErrorCode::kPermissionDenied);
  EXPECT_EQ(ErrorFromErrno(ENOENT, "open", "/f").code(), ErrorCode::kNotFound);
  EXPECT_EQ(ErrorFromErrno(EIO, "read", "/f").code(), ErrorCode::kIo);
  EXPECT_EQ(ErrorFromErrno(EIO, "read", "/f").message(), "read of /f failed: Input/output error");
}

// A descriptor that can't be synced stands for a disk that fails: the first error stays.
TEST(PosixFileTest, AFailedSyncIsFinal) {
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);
  close(ends[0]);
  PosixFile file("the-pipe", ends[1], PosixFile::Writing::kBuffered);
  const Status first = file.Sync();
  ASSERT_FALSE(first.ok());
  EXPECT_EQ(first.error().code(), ErrorCode::kIo);
  // From here on the descriptor could be synced.
  const TempDirectory directory;
  const int good = open(directory.File("f").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  ASSERT_GE(good, 0);
  ASSERT_EQ(dup2(good, ends[1]), ends[1]);
  EXPECT_EQ(file.Sync().error(), first.error());
  close(good);
}

}  // namespace
}  // namespace qalam
