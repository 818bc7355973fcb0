#include "client/cli/ceiling_child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <thread>
#include <utility>
#include <vector>

#include "client/cli/interrupt.h"

namespace qalam::cli {
namespace {

using ChildClock = std::chrono::steady_clock;

constexpr std::chrono::seconds kReadyTimeout(60);  // 128 MiB may have to be zeroed first.
constexpr std::chrono::seconds kEndTimeout(60);    // It removes what may be many GiB.
constexpr std::chrono::milliseconds kLookAround(50);

abi0::Error ChildTrouble(const std::string& message) {
  return abi0::Error("UNKNOWN", "the ceiling's server " + message, false,
                     "Its own words, if any, are above.", {}, "");
}

// A pipe whose ends no other program inherits. Closed when it goes.
struct Pipe {
  int read = -1;
  int write = -1;
  bool Open() {
    int ends[2] = {-1, -1};
    if (::pipe2(ends, O_CLOEXEC) != 0) return false;
    read = ends[0];
    write = ends[1];
    return true;
  }
  ~Pipe() {
    if (read >= 0) ::close(read);
    if (write >= 0) ::close(write);
  }
};

// Starts this program again with these arguments. 0, or an errno.
int Spawn(const std::vector<std::string>& arguments, int input, int output, pid_t& pid) {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawnattr_init(&attributes);
  ::posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  ::posix_spawnattr_setpgroup(&attributes, 0);
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const int error =
      ::posix_spawn(&pid, "/proc/self/exe", &files, &attributes, argv.data(), environ);
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&files);
  return error;
}

}  // namespace

abi0::Result<std::string> ParseCeilingLine(const std::string& line) {
  const std::size_t space = line.find(' ');
  const std::string what = line.substr(0, space);
  const std::string rest = space == std::string::npos ? "" : line.substr(space + 1);
  if (what == "ready" && !rest.empty()) return rest;
  const std::size_t end_of_word = rest.find(' ');
  if (what != "failed" || end_of_word == std::string::npos)
    return ChildTrouble("said something that has no meaning: " + line);
  return abi0::Error(rest.substr(0, end_of_word), rest.substr(end_of_word + 1));
}

abi0::Result<std::unique_ptr<CeilingChild>> CeilingChild::Start(
    const CeilingServerOptions& options) {
  Pipe input;
  Pipe output;
  if (!input.Open() || !output.Open())
    return ChildTrouble(std::string("could not be started: ") + std::strerror(errno));
  pid_t pid = -1;
  const int error = Spawn({"qalam", "__ceiling", std::string(CeilingWayName(options.way)),
                           std::string(CeilingAckName(options.ack)), options.directory,
                           std::to_string(options.space_bytes)},
                          input.read, output.write, pid);
  if (error != 0) return ChildTrouble(std::string("could not be started: ") + std::strerror(error));
  std::unique_ptr<CeilingChild> child(
      new CeilingChild(pid, std::exchange(input.write, -1), std::exchange(output.read, -1)));
  ::close(std::exchange(output.write, -1));  // Or its end would not show.
  auto line = child->ReadLine(kReadyTimeout);
  if (!line.ok()) return line.error();
  auto address = ParseCeilingLine(*line);
  if (!address.ok()) return address.error();
  child->address_ = *std::move(address);
  return child;
}

CeilingChild::~CeilingChild() {
  ::close(input_);
  const auto end = ChildClock::now() + kEndTimeout;
  while (::waitpid(pid_, nullptr, WNOHANG) == 0) {
    if (ChildClock::now() >= end) ::kill(pid_, SIGKILL);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  ::close(output_);
}

std::chrono::nanoseconds CeilingChild::cpu() const {
  clockid_t clock{};
  timespec used{};
  if (::clock_getcpuclockid(pid_, &clock) != 0 || ::clock_gettime(clock, &used) != 0)
    return std::chrono::nanoseconds(0);
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

abi0::Status CeilingChild::Watch(std::chrono::milliseconds time) {
  const auto line = ReadLine(time);
  if (!line.ok()) {
    if (line.error().Is("TIMED_OUT")) return {};
    return line.error();
  }
  const auto parsed = ParseCeilingLine(*line);
  if (!parsed.ok()) return parsed.error();
  return ChildTrouble("said \"ready\" twice");
}

abi0::Result<std::string> CeilingChild::ReadLine(std::chrono::milliseconds time) {
  const auto end = ChildClock::now() + time;
  while (true) {
    if (const std::size_t feed = read_.find('\n'); feed != std::string::npos) {
      std::string line = read_.substr(0, feed);
      read_.erase(0, feed + 1);
      return line;
    }
    if (Interrupted()) return abi0::Error("CANCELLED", "interrupted");
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - ChildClock::now());
    if (left.count() <= 0) return abi0::Error("TIMED_OUT", "the ceiling's server says nothing");
    pollfd waiting{output_, POLLIN, 0};
    if (::poll(&waiting, 1, static_cast<int>(std::min(left, kLookAround).count())) <= 0) continue;
    char bytes[512];
    const ssize_t got = ::read(output_, bytes, sizeof bytes);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return ChildTrouble("ended before its time");
    read_.append(bytes, static_cast<std::size_t>(got));
  }
}

}  // namespace qalam::cli
