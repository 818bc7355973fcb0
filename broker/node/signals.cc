#include "broker/node/signals.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

namespace qalam {

Result<Signals> Signals::Block() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGUSR1}) sigaddset(&set, number);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signal(SIGPIPE, SIG_IGN);
  const int signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  const int wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (signals < 0 || wake < 0) {
    return Error(ErrorCode::kIo, std::string("signals: ") + std::strerror(errno));
  }
  return Signals(signals, wake);
}

Signals::Signals(Signals&& other) noexcept
    : signals_(std::exchange(other.signals_, -1)), wake_(std::exchange(other.wake_, -1)) {}

Signals::~Signals() {
  if (signals_ >= 0) close(signals_);
  if (wake_ >= 0) close(wake_);
}

int Signals::Wait(std::chrono::milliseconds patience) {
  std::array<pollfd, 2> waits = {{{signals_, POLLIN, 0}, {wake_, POLLIN, 0}}};
  if (poll(waits.data(), waits.size(), static_cast<int>(patience.count())) <= 0) return 0;
  std::uint64_t count = 0;
  if (waits[1].revents != 0 && read(wake_, &count, sizeof(count)) > 0) return 0;
  signalfd_siginfo info{};
  if (read(signals_, &info, sizeof(info)) != sizeof(info)) return 0;
  return static_cast<int>(info.ssi_signo);
}

void Signals::Wake() {
  const std::uint64_t one = 1;
  (void)!write(wake_, &one, sizeof(one));
}

}  // namespace qalam
