// fork(): the child must not keep the directory locked, nor its sockets open, and may not use what
// its parent opened.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "qalam/smart_client.h"
#include "tests/client/embedded/disk_directory.h"

namespace qalam::abi0 {
namespace {

using namespace std::chrono_literals;

// Runs `child` in a child; returns its exit code, or -1 if it does not end within ten seconds.
template <typename Child>
int ExitCodeOf(Child child) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(child());
  for (int i = 0; i < 1'000; ++i) {
    int status = 0;
    if (::waitpid(pid, &status, WNOHANG) == pid)
      return WIFEXITED(status) ? WEXITSTATUS(status) : -2;
    ::usleep(10'000);
  }
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
  return -1;
}

TEST(ForkTest, TheChildsHandlesAnswerForked) {
  const DiskDirectory disk;
  const std::string path = disk / "data";
  SmartClient client = SmartClient::Open(path).Value();
  ASSERT_TRUE(client.admin().CreateTopic({"orders", 1, 0, {}}).ok());
  auto producer = std::make_unique<Producer>(client.NewProducer());
  ASSERT_TRUE(producer->Send(Record("orders", "", "a")).Get().ok());
  auto reader = std::make_unique<Reader>(client.NewReader({{"orders", 0}}, From::Start()).Value());
  const int code = ExitCodeOf([&] {
    if (!producer->Send(Record("orders", "", "x")).Get().error().Is("FORKED")) return 1;
    if (!producer->Flush(1s).error().Is("FORKED")) return 2;
    if (!reader->Next(1s).error().Is("FORKED")) return 3;
    if (!client.admin().ListTopics().error().Is("FORKED")) return 4;
    if (!SmartClient::Open(path).error().Is("FORKED")) return 5;
    producer.reset();
    reader.reset();
    { const SmartClient gone = std::move(client); }
    return 0;
  });
  EXPECT_EQ(code, 0);
  EXPECT_TRUE(producer->Send(Record("orders", "", "b")).Get().ok());
  EXPECT_EQ(client.role(), DirectoryRole::kOwner);
}

// The child outlives its parent's ownership, without exec, with every descriptor that it got.
TEST(ForkTest, TheChildKeepsNeitherLockNorSockets) {
  const DiskDirectory disk;
  const std::string path = disk / "data";
  auto owner = std::make_unique<SmartClient>(SmartClient::Open(path).Value());
  const auto proxy = SmartClient::Open(path);
  ASSERT_TRUE(proxy.ok());
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe(pipe.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    char byte = 0;
    ::close(pipe[1]);
    (void)!::read(pipe[0], &byte, 1);
    ::_exit(0);
  }
  EXPECT_TRUE(owner->Close());
  owner.reset();
  for (int i = 0; i < 1'000 && proxy->role() != DirectoryRole::kOwner; ++i) ::usleep(5'000);
  EXPECT_EQ(proxy->role(), DirectoryRole::kOwner);
  ::close(pipe[1]);
  ::waitpid(child, nullptr, 0);
  ::close(pipe[0]);
}

}  // namespace
}  // namespace qalam::abi0
