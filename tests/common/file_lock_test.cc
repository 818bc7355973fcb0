#include "common/file_lock.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

#include "tests/support/temp_directory.h"

namespace qalam {
namespace {

std::string ReadText(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

TEST(FileLockTest, HasOneHolderAndNamesIt) {
  const TempDirectory directory;
  const std::string path = directory.File(".lock");
  std::optional<FileLock> held = FileLock::TryLock(path).value();
  const auto refused = FileLock::TryLock(path);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), ErrorCode::kDirectoryInUse);
  EXPECT_EQ(refused.error().detail("pid"), std::to_string(getpid()));
  EXPECT_EQ(refused.error().detail("path"), directory.path());
  EXPECT_FALSE(refused.error().detail("since")->empty());
  held.reset();
  EXPECT_TRUE(FileLock::TryLock(path).ok());
}

TEST(FileLockTest, StaysOnDiskAndReplacesWhatTheHolderBeforeWrote) {
  const TempDirectory directory;
  const std::string path = directory.File(".lock");
  std::ofstream(path)
      << "pid=4294967295\nsince=a long time ago, longer than what we write ourselves\n";
  { const auto held = FileLock::TryLock(path).value(); }
  const std::string text = ReadText(path);
  EXPECT_TRUE(text.starts_with("pid=" + std::to_string(getpid()) + "\nsince=20")) << text;
  EXPECT_EQ(text.find("long time"), std::string::npos);
}

TEST(FileLockTest, AMovedLockIsStillHeldOnce) {
  const TempDirectory directory;
  const std::string path = directory.File(".lock");
  std::optional<FileLock> first = FileLock::TryLock(path).value();
  std::optional<FileLock> second = std::move(*first);
  first.reset();
  EXPECT_FALSE(FileLock::TryLock(path).ok());
  second.reset();
  EXPECT_TRUE(FileLock::TryLock(path).ok());
}

TEST(FileLockTest, IsNotInheritedByAProgramThatIsStarted) {
  const TempDirectory directory;
  const std::string path = directory.File(".lock");
  std::optional<FileLock> held = FileLock::TryLock(path).value();
  const pid_t child = fork();
  if (child == 0) {
    execl("/bin/sleep", "sleep", "60", nullptr);
    _exit(1);
  }
  // Until the child has called exec it holds a copy of the descriptor.
  std::string name;
  while (name != "sleep\n") name = ReadText("/proc/" + std::to_string(child) + "/comm");
  held.reset();
  EXPECT_TRUE(FileLock::TryLock(path).ok());
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
}

TEST(FileLockTest, IsFreeOnceItsHolderWasKilled) {
  const TempDirectory directory;
  const std::string path = directory.File(".lock");
  std::array<int, 2> ready{};
  ASSERT_EQ(pipe(ready.data()), 0);
  const pid_t child = fork();
  if (child == 0) {
    const auto held = FileLock::TryLock(path);
    const char answer = held.ok() ? 'y' : 'n';
    (void)!write(ready[1], &answer, 1);
    while (true) pause();
  }
  char answer = '?';
  ASSERT_EQ(read(ready[0], &answer, 1), 1);
  EXPECT_EQ(answer, 'y');
  const auto refused = FileLock::TryLock(path);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().detail("pid"), std::to_string(child));
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  EXPECT_TRUE(FileLock::TryLock(path).ok());
  close(ready[0]);
  close(ready[1]);
}

TEST(FileLockTest, SaysWhenTheDirectoryIsMissing) {
  const TempDirectory directory;
  EXPECT_EQ(FileLock::TryLock(directory.File("none/.lock")).error().code(), ErrorCode::kNotFound);
}

}  // namespace
}  // namespace qalam
