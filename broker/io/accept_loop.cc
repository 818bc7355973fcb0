#include "broker/io/accept_loop.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <cstring>
#include <future>

#include "common/logging.h"

namespace qalam {
namespace {

constexpr std::chrono::milliseconds kPause{100};

int OpenReserve() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }

}  // namespace

AcceptLoop::AcceptLoop(IoThread& io, int listening, Accepted accepted)
    : io_(io),
      listening_(io.context(), listening),
      pause_(io.context()),
      accepted_(std::move(accepted)),
      reserve_(OpenReserve()) {}

AcceptLoop::~AcceptLoop() {
  if (reserve_ >= 0) ::close(reserve_);
}

void AcceptLoop::Start() {
  boost::asio::post(io_.context(), [this] { WaitReadable(); });
}

void AcceptLoop::Stop() {
  std::promise<void> done;
  boost::asio::post(io_.context(), [&] {
    stopped_ = true;
    boost::system::error_code ignored;
    pause_.cancel();
    listening_.close(ignored);
    // After the cancelled handlers, which are queued before this.
    boost::asio::post(io_.context(), [&] { done.set_value(); });
  });
  done.get_future().wait();
}

void AcceptLoop::WaitReadable() {
  if (stopped_) return;
  listening_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                        [this](const boost::system::error_code& error) {
                          if (error || stopped_) return;
                          AcceptAll();
                        });
}

void AcceptLoop::AcceptAll() {
  while (true) {
    const int descriptor =
        ::accept4(listening_.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor >= 0) {
      accepted_(descriptor);
      continue;
    }
    if (errno == EINTR || errno == ECONNABORTED) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      WaitReadable();
      return;
    }
    // Out of descriptors or memory: refuse one, so that its client knows, then wait a little.
    Logger("io").warn("accept failed error=\"{}\"", std::strerror(errno));
    RefuseOne();
    pause_.expires_after(kPause);
    pause_.async_wait([this](const boost::system::error_code& error) {
      if (!error) WaitReadable();
    });
    return;
  }
}

void AcceptLoop::RefuseOne() {
  if (reserve_ < 0) return;
  ::close(reserve_);
  const int descriptor = ::accept4(listening_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC);
  if (descriptor >= 0) ::close(descriptor);
  reserve_ = OpenReserve();
}

}  // namespace qalam
