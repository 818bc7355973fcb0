#include "client/cli/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <string_view>

#include "client/cli/interrupt.h"

namespace qalam::cli {
namespace {

// Another screen, no cursor, no wrapping; and back.
constexpr std::string_view kEnter = "\x1b[?1049h\x1b[?25l\x1b[?7l";
constexpr std::string_view kLeave = "\x1b[?7h\x1b[?25h\x1b[?1049l";
constexpr int kEscapeMs = 50;  // An arrow's bytes come within it.
constexpr int kDeadly[] = {SIGQUIT, SIGILL, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGPIPE};

// For the handlers, which can't reach an object.
std::atomic<bool> g_entered{false};
bool g_has_keys = false;
termios g_before{};
termios g_ours{};
int g_wake[2] = {-1, -1};

void WriteAll(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

void Enter() {
  if (g_entered.exchange(true)) return;
  if (g_has_keys) ::tcsetattr(STDIN_FILENO, TCSADRAIN, &g_ours);
  WriteAll(kEnter);
}

// From anywhere, a signal handler included; again: does nothing.
void Leave() {
  if (!g_entered.exchange(false)) return;
  WriteAll(kLeave);
  if (g_has_keys) ::tcsetattr(STDIN_FILENO, TCSANOW, &g_before);
}

void OnDeadly(int signal_number) {
  Leave();
  ::signal(signal_number, SIG_DFL);
  ::raise(signal_number);
}

// Ctrl-Z: the shell gets its terminal back until it says fg.
void OnStop(int) {
  const int kept = errno;
  Leave();
  ::raise(SIGSTOP);
  Enter();
  Terminal::Wake();
  errno = kept;
}

void OnResize(int) {
  const int kept = errno;
  Terminal::Wake();
  errno = kept;
}

void Handle(int signal_number, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  ::sigaction(signal_number, &action, nullptr);
}

}  // namespace

Terminal::Terminal() {
  has_keys_ = ::isatty(STDIN_FILENO) == 1 && ::tcgetattr(STDIN_FILENO, &g_before) == 0;
  g_has_keys = has_keys_;
  g_ours = g_before;
  g_ours.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  g_ours.c_cc[VMIN] = 1;
  g_ours.c_cc[VTIME] = 0;
  // Without a pipe a new size is seen at the next key or sample.
  if (g_wake[0] < 0 && ::pipe2(g_wake, O_CLOEXEC | O_NONBLOCK) != 0) g_wake[0] = g_wake[1] = -1;
  BeforeSuddenEnd(Leave);
  for (const int signal_number : kDeadly) Handle(signal_number, OnDeadly);
  Handle(SIGTSTP, OnStop);
  Handle(SIGWINCH, OnResize);
  Enter();
}

Terminal::~Terminal() {
  Leave();
  for (const int signal_number : kDeadly) ::signal(signal_number, SIG_DFL);
  ::signal(SIGTSTP, SIG_DFL);
  ::signal(SIGWINCH, SIG_DFL);
  BeforeSuddenEnd(nullptr);
}

Terminal::Size Terminal::size() {
  winsize window{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) != 0 || window.ws_col == 0 ||
      window.ws_row == 0) {
    return {};
  }
  return {window.ws_col, window.ws_row};
}

void Terminal::Draw(const std::vector<std::string>& lines) {
  std::string out = "\x1b[H";
  for (std::size_t i = 0; i < lines.size(); ++i) {
    out += (i > 0 ? "\r\n" : "") + lines[i] + "\x1b[K";
  }
  WriteAll(out + "\x1b[J");
}

std::optional<std::string> Terminal::WaitForKey(std::chrono::milliseconds patience) {
  if (auto key = TakeKey(typed_, false)) return key;
  pollfd waiting[] = {{g_wake[0], POLLIN, 0}, {has_keys_ ? STDIN_FILENO : -1, POLLIN, 0}};
  const int wait_ms = typed_.empty() ? static_cast<int>(patience.count()) : kEscapeMs;
  const int ready = ::poll(waiting, 2, wait_ms);
  if (ready == 0) return TakeKey(typed_, true);
  if (ready < 0) return std::nullopt;
  char bytes[64];
  if (waiting[0].revents != 0) {
    while (::read(g_wake[0], bytes, sizeof(bytes)) > 0) {
    }
  }
  if (waiting[1].revents == 0) return std::nullopt;
  const ssize_t got = ::read(STDIN_FILENO, bytes, sizeof(bytes));
  if (got <= 0) {
    has_keys_ = false;  // The terminal went away; whoever sent us away will say so.
    return std::nullopt;
  }
  typed_.append(bytes, static_cast<std::size_t>(got));
  return TakeKey(typed_, false);
}

void Terminal::Wake() { [[maybe_unused]] const ssize_t written = ::write(g_wake[1], "", 1); }

std::optional<std::string> TakeKey(std::string& typed, bool complete) {
  if (typed.empty()) return std::nullopt;
  std::size_t size = 1;
  if (typed[0] == '\x1b') {
    if (typed.size() == 1 && !complete) return std::nullopt;
    if (typed.size() > 1 && (typed[1] == '[' || typed[1] == 'O')) {
      // Parameters, then a letter or '~'.
      std::size_t end = 2;
      while (end < typed.size() && (typed[end] < '@' || typed[end] > '~')) ++end;
      if (end == typed.size() && !complete) return std::nullopt;
      size = std::min(end + 1, typed.size());
    }
  }
  std::string key = typed.substr(0, size);
  typed.erase(0, size);
  if (key.size() == 3 && key[1] == 'O') key[1] = '[';  // Arrows in application mode.
  return key;
}

}  // namespace qalam::cli
