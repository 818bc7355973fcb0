#include "client/cli/run_command.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include <mutex>

namespace qalam::cli {
namespace {

void OnBrokenPipe(int) {}

// A handler instead of SIG_IGN, which the command would inherit.
void SurviveBrokenPipes() {
  static std::once_flag once;
  std::call_once(once, [] {
    struct sigaction action {};
    action.sa_handler = OnBrokenPipe;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    ::sigaction(SIGPIPE, &action, nullptr);
  });
}

}  // namespace

int RunCommand(const std::string& command, std::string_view input) {
  SurviveBrokenPipes();
  ::fflush(stdout);
  FILE* const pipe = ::popen(command.c_str(), "we");
  if (pipe == nullptr) return -1;
  ::fwrite(input.data(), 1, input.size(), pipe);
  const int status = ::pclose(pipe);
  if (status == -1) return -1;
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace qalam::cli
