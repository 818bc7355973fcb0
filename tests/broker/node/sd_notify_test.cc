#include "broker/node/sd_notify.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>

namespace qalam {
namespace {

// A manager's socket at `name` ('@...': abstract); what it received, or "" within a second.
std::string Receive(const std::string& name) {
  const int manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, name.data(), name.size());
  if (name[0] == '@') address.sun_path[0] = '\0';
  EXPECT_EQ(bind(manager, reinterpret_cast<sockaddr*>(&address),
                 static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size())),
            0);
  timeval patience{1, 0};
  setsockopt(manager, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  setenv("NOTIFY_SOCKET", name.c_str(), 1);
  SdNotify("READY=1\nSTATUS=fine");
  unsetenv("NOTIFY_SOCKET");
  char text[256];
  const ssize_t got = recv(manager, text, sizeof(text), 0);
  close(manager);
  return got > 0 ? std::string(text, static_cast<std::size_t>(got)) : "";
}

TEST(SdNotifyTest, ReachesASocketInTheFileSystemAndAnAbstractOne) {
  std::string pattern = "/tmp/qalam-notify-XXXXXX";
  const std::string directory = mkdtemp(pattern.data());
  EXPECT_EQ(Receive(directory + "/socket"), "READY=1\nSTATUS=fine");
  unlink((directory + "/socket").c_str());
  rmdir(directory.c_str());
  EXPECT_EQ(Receive("@qalam-notify-" + std::to_string(getpid())), "READY=1\nSTATUS=fine");
}

TEST(SdNotifyTest, IsSilentWhenNobodyAsked) {
  unsetenv("NOTIFY_SOCKET");
  SdNotify("READY=1");
  setenv("NOTIFY_SOCKET", "/nowhere/at/all", 1);
  SdNotify("READY=1");
  unsetenv("NOTIFY_SOCKET");
}

TEST(SdNotifyTest, TheWatchdogIsForTheProcessItNames) {
  unsetenv("WATCHDOG_PID");
  unsetenv("WATCHDOG_USEC");
  EXPECT_FALSE(SdWatchdogInterval());
  setenv("WATCHDOG_USEC", "30000000", 1);
  EXPECT_EQ(SdWatchdogInterval(), std::chrono::seconds(30));
  setenv("WATCHDOG_PID", "1", 1);
  EXPECT_FALSE(SdWatchdogInterval());
  setenv("WATCHDOG_PID", std::to_string(getpid()).c_str(), 1);
  EXPECT_EQ(SdWatchdogInterval(), std::chrono::seconds(30));
  setenv("WATCHDOG_USEC", "soon", 1);
  EXPECT_FALSE(SdWatchdogInterval());
  unsetenv("WATCHDOG_PID");
  unsetenv("WATCHDOG_USEC");
}

}  // namespace
}  // namespace qalam
