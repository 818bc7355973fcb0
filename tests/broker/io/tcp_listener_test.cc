#include "broker/io/tcp_listener.h"

#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <time.h>

#include <cstdio>
#include <cstdlib>
#include <memory>

#include "tests/broker/io/socket_client.h"

namespace qalam {
namespace {

class TcpListenerTest : public testing::Test {
 protected:
  TcpListenerTest() { io_.Start(); }
  ~TcpListenerTest() override {
    if (listener_) listener_->Stop();
    io_.Stop();
  }
  void Listen() {
    auto listener = TcpListener::Open(io_, "127.0.0.1", 0, [this](int fd, const std::string& peer) {
      connections_.Add(fd, peer);
    });
    ASSERT_TRUE(listener.ok()) << listener.error().ToString();
    listener_ = std::move(listener).value();
    listener_->Start();
  }

  IoThread io_;
  Connections connections_;
  std::unique_ptr<TcpListener> listener_;
};

int Option(int descriptor, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  ::getsockopt(descriptor, level, name, &value, &size);
  return value;
}

TEST_F(TcpListenerTest, HandsOverAConnectionWithItsPeerAndOptions) {
  Listen();
  EXPECT_NE(listener_->port(), 0);
  const Socket client = ConnectTcp(listener_->port());
  ASSERT_TRUE(client.ok());
  ASSERT_TRUE(connections_.WaitFor(1));
  EXPECT_EQ(connections_.peer(0).rfind("ipv4:127.0.0.1:", 0), 0u) << connections_.peer(0);
  const int fd = connections_.descriptor(0);
  EXPECT_TRUE(::fcntl(fd, F_GETFL) & O_NONBLOCK);
  EXPECT_TRUE(::fcntl(fd, F_GETFD) & FD_CLOEXEC);
  EXPECT_EQ(Option(fd, IPPROTO_TCP, TCP_NODELAY), 1);
  EXPECT_EQ(Option(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
  EXPECT_EQ(Option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 60'000);
}

TEST_F(TcpListenerTest, APortInUseIsNamed) {
  Listen();
  const auto second = TcpListener::Open(io_, "127.0.0.1", listener_->port(), {});
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code(), ErrorCode::kPortInUse);
  EXPECT_NE(second.error().message().find("127.0.0.1:" + std::to_string(listener_->port())),
            std::string::npos)
      << second.error().message();
}

TEST_F(TcpListenerTest, AnAddressThatIsNoneIsInvalid) {
  for (const char* host : {"example.invalid", "300.1.1.1", "192.0.2.77", ""}) {
    const auto listener = TcpListener::Open(io_, host, 0, {});
    ASSERT_FALSE(listener.ok()) << host;
    EXPECT_EQ(listener.error().code(), ErrorCode::kInvalidArgument) << host;
  }
}

TEST_F(TcpListenerTest, NothingIsAcceptedAfterStop) {
  Listen();
  const std::uint16_t port = listener_->port();
  listener_->Stop();
  EXPECT_FALSE(ConnectTcp(port).ok());
  EXPECT_EQ(connections_.count(), 0u);
}

TEST_F(TcpListenerTest, StopsWithoutEverHavingStarted) {
  auto listener = TcpListener::Open(io_, "127.0.0.1", 0, {});
  ASSERT_TRUE(listener.ok());
  (*listener)->Stop();
}

TEST_F(TcpListenerTest, ManyConnectionsAreAllHandedOver) {
  Listen();
  std::vector<Socket> clients;
  for (int i = 0; i < 300; ++i) clients.push_back(ConnectTcp(listener_->port()));
  EXPECT_TRUE(connections_.WaitFor(300));
}

double CpuSeconds() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

int OpenDescriptors() {
  int count = 0;
  DIR* const directory = ::opendir("/proc/self/fd");
  while (::readdir(directory) != nullptr) ++count;
  ::closedir(directory);
  return count;
}

// Runs in a process of its own. Goal: out of descriptors the listener turns clients away, does not
// spin, and serves again once there are some. Exits 0 if all of it held.
[[noreturn]] void RunOutOfDescriptors() {
  const auto fail = [](const char* what) {
    std::fprintf(stderr, "failed: %s\n", what);
    std::_Exit(1);
  };
  IoThread io;
  io.Start();
  Connections connections;
  auto listener = TcpListener::Open(
      io, "127.0.0.1", 0, [&](int fd, const std::string& peer) { connections.Add(fd, peer); });
  if (!listener.ok()) fail("open");
  (*listener)->Start();
  Socket first = ConnectTcp((*listener)->port());
  if (!connections.WaitFor(1)) fail("the first connection");

  // The client's ends exist already, so that only the listener lacks descriptors.
  std::vector<Socket> clients;
  for (int i = 0; i < 4; ++i) clients.emplace_back(::socket(AF_INET, SOCK_STREAM, 0));
  std::vector<Socket> filler;
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = static_cast<rlim_t>(OpenDescriptors()) + 8;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  while (true) {
    Socket one(::dup(0));
    if (!one.ok()) break;
    filler.push_back(std::move(one));
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons((*listener)->port());
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  for (const Socket& client : clients) {
    if (::connect(client.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
      fail("connect");
  }
  const double before = CpuSeconds();
  if (!clients[0].IsClosedByPeer()) fail("the first client is turned away");
  if (!clients[1].IsClosedByPeer()) fail("the second client is turned away");
  if (CpuSeconds() - before > 0.05) fail("it spins");
  if (connections.count() != 1) fail("nothing is handed over");
  if (::send(first.get(), "x", 1, MSG_NOSIGNAL) != 1) fail("the old connection lives");

  filler.clear();
  Socket late = ConnectTcp((*listener)->port());
  if (!late.ok() || !connections.WaitFor(2)) fail("it serves again");
  (*listener)->Stop();
  io.Stop();
  std::_Exit(0);
}

TEST(TcpListenerDescriptorsTest, OutOfDescriptorsItPausesAndGoesOn) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP()
      << "UBSan needs a descriptor to tell an object's type; without one it takes all for wrong";
#endif
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(RunOutOfDescriptors(), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace qalam
