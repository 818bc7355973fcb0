#include "broker/io/unix_listener.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <filesystem>
#include <fstream>

#include "tests/broker/io/socket_client.h"
#include "tests/support/temp_directory.h"

namespace qalam {
namespace {

class UnixListenerTest : public testing::Test {
 protected:
  UnixListenerTest() { io_.Start(); }
  ~UnixListenerTest() override {
    if (listener_) listener_->Stop();
    io_.Stop();
  }
  void Listen(const std::string& directory) {
    auto listener =
        UnixListener::Open(io_, directory, "qalam.sock",
                           [this](int fd, const std::string& peer) { connections_.Add(fd, peer); });
    ASSERT_TRUE(listener.ok()) << listener.error().ToString();
    listener_ = std::move(listener).value();
    listener_->Start();
  }

  TempDirectory directory_;
  IoThread io_;
  Connections connections_;
  std::unique_ptr<UnixListener> listener_;
};

TEST_F(UnixListenerTest, TheSocketIsForItsOwnerAlone) {
  Listen(directory_.path());
  struct stat status {};
  ASSERT_EQ(::stat((directory_.path() + "/qalam.sock").c_str(), &status), 0);
  EXPECT_TRUE(S_ISSOCK(status.st_mode));
  EXPECT_EQ(status.st_mode & 07777u, 0600u);
  int names = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(directory_.path()))
    ++names;
  EXPECT_EQ(names, 1) << "no temporary name is left";
}

TEST_F(UnixListenerTest, HandsOverAConnectionWithTheUserOfItsPeer) {
  Listen(directory_.path());
  const Socket client = ConnectUnix(directory_.path() + "/qalam.sock");
  ASSERT_TRUE(client.ok());
  ASSERT_TRUE(connections_.WaitFor(1));
  EXPECT_EQ(connections_.peer(0),
            "unix:uid=" + std::to_string(::getuid()) + ",pid=" + std::to_string(::getpid()));
  EXPECT_TRUE(::fcntl(connections_.descriptor(0), F_GETFL) & O_NONBLOCK);
}

TEST_F(UnixListenerTest, AnotherUserIsTurnedAway) {
  if (::getuid() != 0) GTEST_SKIP() << "only root can become another user";
  Listen(directory_.path());
  const std::string path = directory_.path() + "/qalam.sock";
  // The credentials count even where the modes let it through.
  ASSERT_EQ(::chmod(directory_.path().c_str(), 0777), 0);
  ASSERT_EQ(::chmod(path.c_str(), 0777), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    constexpr uid_t kNobody = 65534;
    if (::setresuid(kNobody, kNobody, kNobody) != 0) ::_exit(2);
    const Socket client = ConnectUnix(path);
    if (!client.ok()) ::_exit(3);
    ::_exit(client.IsClosedByPeer() ? 0 : 4);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(connections_.count(), 0u);
}

TEST_F(UnixListenerTest, APathTooLongForASocketAddressWorks) {
  const std::string directory =
      directory_.path() + "/" + std::string(100, 'd') + "/" + std::string(100, 'e');
  std::filesystem::create_directories(directory);
  Listen(directory);
  const int fd = ::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  const Socket client = ConnectUnix("/proc/self/fd/" + std::to_string(fd) + "/qalam.sock");
  EXPECT_TRUE(client.ok());
  EXPECT_TRUE(connections_.WaitFor(1));
  ::close(fd);
}

TEST_F(UnixListenerTest, ADeadOwnersSocketIsReplaced) {
  const std::string path = directory_.path() + "/qalam.sock";
  {
    const Socket dead(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    ASSERT_EQ(::bind(dead.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  ASSERT_FALSE(ConnectUnix(path).ok());
  Listen(directory_.path());
  EXPECT_TRUE(ConnectUnix(path).ok());
}

TEST_F(UnixListenerTest, WhatAKilledOwnerLeftBeforeItsSocketHadItsNameIsRemoved) {
  const std::string left = directory_.path() + "/.qalam.sock.12345";
  std::ofstream(left) << "";
  const std::string other = directory_.path() + "/.other";
  std::ofstream(other) << "";
  Listen(directory_.path());
  EXPECT_FALSE(std::filesystem::exists(left));
  EXPECT_TRUE(std::filesystem::exists(other));
}

TEST_F(UnixListenerTest, StopRemovesTheName) {
  Listen(directory_.path());
  listener_->Stop();
  EXPECT_FALSE(std::filesystem::exists(directory_.path() + "/qalam.sock"));
}

TEST_F(UnixListenerTest, StopLeavesANameThatIsNotOurs) {
  Listen(directory_.path());
  const std::string path = directory_.path() + "/qalam.sock";
  std::filesystem::remove(path);
  std::ofstream(path) << "somebody else's";
  listener_->Stop();
  EXPECT_TRUE(std::filesystem::exists(path));
}

TEST_F(UnixListenerTest, AMissingDirectoryIsNamed) {
  const auto listener = UnixListener::Open(io_, directory_.path() + "/none", "qalam.sock", {});
  ASSERT_FALSE(listener.ok());
  EXPECT_NE(listener.error().message().find("/none"), std::string::npos);
}

}  // namespace
}  // namespace qalam
