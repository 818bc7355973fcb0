#include "broker/io/accept_loop.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <chrono>
#include <cstring>
#include <utility>

#include "common/fork_guard.h"
#include "common/logging.h"

namespace qalam {
namespace {

constexpr std::chrono::milliseconds kPause{100};
constexpr int kAcceptsPerTurn = 64;  // Then others on the thread get their turn.

int OpenReserve() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }

}  // namespace

AcceptLoop::AcceptLoop(IoThread& io, int listening, std::string name, Accepted accepted)
    : io_(io),
      name_(std::move(name)),
      listening_(io.context(), listening),
      pause_(io.context()),
      accepted_(std::move(accepted)),
      reserve_(OpenReserve()) {
  ForkGuard::CloseInChild(listening);
}

AcceptLoop::~AcceptLoop() {
  if (listening_.is_open()) ForkGuard::Forget(listening_.native_handle());
  if (reserve_ >= 0) ::close(reserve_);
}

void AcceptLoop::Start() {
  boost::asio::post(io_.context(), [this] { WaitReadable(); });
}

void AcceptLoop::Stop() {
  io_.RunAndWait([this] {
    stopped_ = true;
    boost::system::error_code ignored;
    pause_.cancel();
    if (listening_.is_open()) ForkGuard::Forget(listening_.native_handle());
    listening_.close(ignored);
  });
}

void AcceptLoop::WaitReadable() {
  if (stopped_) return;
  listening_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                        [this](const boost::system::error_code& error) {
                          if (!error && !stopped_) AcceptSome();
                        });
}

void AcceptLoop::AcceptSome() {
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    const int descriptor =
        ::accept4(listening_.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor >= 0) {
      if (failing_) {
        failing_ = false;
        Logger("io").info("accepting again listener={} refused={}", name_, refused_);
      }
      accepted_(descriptor);
      continue;
    }
    // Errors of the one connection, not of the listener (accept(2) names these).
    if (errno == EINTR || errno == ECONNABORTED || errno == EPROTO || errno == ENETDOWN ||
        errno == EHOSTUNREACH || errno == ENETUNREACH || errno == EPERM) {
      continue;
    }
    if (errno != EAGAIN && errno != EWOULDBLOCK) {
      Pause(errno);
      return;
    }
    break;
  }
  WaitReadable();
}

void AcceptLoop::Pause(int error) {
  if (!failing_) {
    failing_ = true;
    refused_ = 0;
    Logger("io").warn("accepting pauses listener={} error=\"{}\"", name_, std::strerror(error));
  }
  if (error == EMFILE || error == ENFILE) RefuseOne();
  pause_.expires_after(kPause);
  pause_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled) WaitReadable();
  });
}

void AcceptLoop::RefuseOne() {
  if (reserve_ >= 0) {
    ::close(reserve_);
    const int descriptor = ::accept4(listening_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC);
    if (descriptor >= 0) {
      ::close(descriptor);
      ++refused_;
    }
  }
  reserve_ = OpenReserve();
}

}  // namespace qalam
