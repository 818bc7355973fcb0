#include "client/cli/interrupt.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>

#include "client/cli/output.h"

namespace qalam::cli {
namespace {

std::atomic<bool> g_interrupted{false};
std::mutex g_mutex;
bool g_graceful = false;
std::function<void()> g_wake;
std::function<bool()> g_stuck;
std::atomic<void (*)()> g_last{nullptr};
int g_pipe[2] = {-1, -1};

[[noreturn]] void EndNow() {
  if (void (*const last)() = g_last.load()) last();
  ::_exit(static_cast<int>(Exit::kInterrupted));
}

// A handler and a pipe, not blocked signals: programs that we start must not inherit those.
void OnSignal(int) {
  const int kept = errno;
  [[maybe_unused]] const ssize_t written = ::write(g_pipe[1], "", 1);
  errno = kept;
}

constexpr std::chrono::milliseconds kAskStuck(100);
constexpr int kStuckMax = 7;

// After the first signal: ends the process when its owner can't.
void WatchTheStop() {
  for (int stuck = 0; stuck < kStuckMax;) {
    std::this_thread::sleep_for(kAskStuck);
    const std::lock_guard lock(g_mutex);
    if (!g_graceful) return;
    stuck = g_stuck() ? stuck + 1 : 0;
  }
  EndNow();
}

void WaitForSignals() {
  char byte = 0;
  while (true) {
    const ssize_t got = ::read(g_pipe[0], &byte, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return;
    const std::lock_guard lock(g_mutex);
    if (!g_graceful || g_interrupted.exchange(true)) {
      EndNow();
    }
    if (g_wake) g_wake();
    if (g_stuck) std::thread(WatchTheStop).detach();
  }
}

}  // namespace

void CatchInterrupts() {
  if (::pipe2(g_pipe, O_CLOEXEC) != 0) return;
  std::thread(WaitForSignals).detach();
  struct sigaction action {};
  action.sa_handler = OnSignal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  for (const int signal_number : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction before {};
    // What nohup made ignored stays so. SIGINT does not: a script that started us with & ignores it
    // for us, yet may send it.
    if (signal_number == SIGHUP && ::sigaction(SIGHUP, nullptr, &before) == 0 &&
        before.sa_handler == SIG_IGN)
      continue;
    ::sigaction(signal_number, &action, nullptr);
  }
}

void BeforeSuddenEnd(void (*last)()) { g_last.store(last); }

bool Interrupted() { return g_interrupted.load(); }

GracefulStop::GracefulStop(std::function<void()> wake, std::function<bool()> stuck) {
  const std::lock_guard lock(g_mutex);
  g_graceful = true;
  g_wake = std::move(wake);
  g_stuck = std::move(stuck);
}

GracefulStop::~GracefulStop() {
  const std::lock_guard lock(g_mutex);
  g_graceful = false;
  g_wake = nullptr;
  g_stuck = nullptr;
}

}  // namespace qalam::cli
