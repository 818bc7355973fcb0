#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <thread>

#include "client/cli/interrupt.h"
#include "client/cli/verbs.h"

namespace qalam::cli {
namespace {

namespace fs = std::filesystem;

struct DevOptions {
  std::string directory;  // Empty: a temporary one.
  std::string listen = "127.0.0.1:7420";
  std::vector<std::string> settings;
};

// qalamd lies beside qalam when installed, below broker/ when built; else wherever PATH says.
std::string FindDaemon() {
  std::error_code ignored;
  const fs::path self = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  for (const char* place : {"qalamd", "../../broker/qalamd", "../../broker/node/qalamd"}) {
    const fs::path candidate = self / place;
    if (::access(candidate.c_str(), X_OK) == 0) return candidate.lexically_normal().string();
  }
  return "qalamd";
}

// Removes what it made, at the end of its scope.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::error_code ignored;
    std::string pattern = (fs::temp_directory_path(ignored) / "qalam-dev-XXXXXX").string();
    if (::mkdtemp(pattern.data()) != nullptr) path_ = pattern;
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// "grpc=HOST:PORT" of the port file. Empty: not ready yet.
std::string ReadAddress(const fs::path& port_file) {
  std::ifstream file(port_file);
  std::string line;
  while (std::getline(file, line)) {
    if (line.compare(0, 5, "grpc=") == 0) return line.substr(5);
  }
  return "";
}

// Starts a program that ends when we do. Errors: IO_ERROR, NOT_FOUND.
abi0::Result<pid_t> StartProgram(const std::string& program, std::vector<std::string> arguments) {
  int pipe[2];
  if (::pipe2(pipe, O_CLOEXEC) != 0)
    return abi0::Error("IO_ERROR", std::string("pipe: ") + std::strerror(errno));
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    ::setpgid(0, 0);  // Ctrl-C comes from us, once.
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    ::execvp(program.c_str(), argv.data());
    const int number = errno;
    [[maybe_unused]] const ssize_t written = ::write(pipe[1], &number, sizeof number);
    ::_exit(127);
  }
  const int fork_error = errno;
  ::close(pipe[1]);
  int number = 0;
  const bool failed = child > 0 && ::read(pipe[0], &number, sizeof number) > 0;
  ::close(pipe[0]);
  if (child < 0) return abi0::Error("IO_ERROR", std::string("fork: ") + std::strerror(fork_error));
  if (!failed) return child;
  ::waitpid(child, nullptr, 0);
  return abi0::Error("NOT_FOUND", "can't run " + program + ": " + std::strerror(number), false,
                     "Install or build qalamd, or put its folder into PATH.",
                     {{"program", program}}, "");
}

void Announce(const Session& session, const std::string& address, const std::string& data,
              bool temporary) {
  if (session.json()) {
    PrintJson({{"grpc", address}, {"data_dir", data}, {"temporary", temporary}});
  } else {
    const std::string to = address == "127.0.0.1:7420" ? "" : "-b " + address + " ";
    std::printf(
        "broker  grpc://%s\ndata    %s%s\nTry, in another terminal:\n"
        "  echo hi | qalam %sproduce demo     the topic is made on first use\n"
        "  qalam %stail demo\nCtrl-C ends it.\n",
        address.c_str(), data.c_str(), temporary ? " (removed at the end)" : "", to.c_str(),
        to.c_str());
  }
  std::fflush(stdout);
}

int Dev(const Session& session, const DevOptions& options) {
  const GracefulStop stop;
  const TemporaryDirectory temporary;
  if (temporary.path().empty())
    return session.Fail(abi0::Error("DIRECTORY_UNUSABLE", "no temporary directory can be made"));
  const std::string data =
      options.directory.empty() ? temporary.path() + "/data" : options.directory;
  const fs::path port_file = fs::path(temporary.path()) / "port";
  std::vector<std::string> arguments = {
      "qalamd",           "--data-dir",   data,
      "--listen",         options.listen, "--port-file",
      port_file.string(), "--set",        "auto.create.topics.enable=true"};
  for (const std::string& setting : options.settings) {
    arguments.push_back("--set");
    arguments.push_back(setting);
  }
  const auto child = StartProgram(FindDaemon(), std::move(arguments));
  if (!child.ok()) return session.Fail(child.error());
  bool announced = false;
  bool stopping = false;
  while (true) {
    int status = 0;
    if (::waitpid(*child, &status, WNOHANG) == *child) {
      if (stopping && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return static_cast<int>(Exit::kInterrupted);
      const std::string how = WIFEXITED(status) ? "with " + std::to_string(WEXITSTATUS(status))
                                                : "by signal " + std::to_string(WTERMSIG(status));
      return session.Fail(abi0::Error("UNKNOWN", "qalamd ended " + how, false,
                                      "Its last lines, above, say why.", {}, ""));
    }
    if (!announced) {
      const std::string address = ReadAddress(port_file);
      if (!address.empty()) {
        announced = true;
        Announce(session, address, data, options.directory.empty());
      }
    }
    if (Interrupted() && !stopping) {
      stopping = true;
      ::kill(*child, SIGTERM);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

}  // namespace

void AddDev(CLI::App& root, Session& session, Action& chosen) {
  const auto options = std::make_shared<DevOptions>();
  auto* verb = AddVerb(root, "dev", "a broker in this terminal, on a temporary directory",
                       {"qalam dev", "qalam dev --dir ./data --listen 127.0.0.1:0",
                        "qalam dev --set num.partitions=4"},
                       chosen, [&session, options] { return Dev(session, *options); });
  verb->add_option("--dir", options->directory, "keep the data here");
  verb->add_option("--listen", options->listen,
                   "HOST:PORT (default 127.0.0.1:7420); port 0 takes a free one");
  verb->add_option("--set", options->settings, "setting of the broker, KEY=VALUE")
      ->allow_extra_args(false);
}

}  // namespace qalam::cli
