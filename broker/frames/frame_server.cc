#include "broker/frames/frame_server.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <thread>
#include <utility>

#include "broker/frames/frame_connection.h"
#include "common/frame.h"
#include "common/frame_channel.h"
#include "common/logging.h"

namespace qalam {
namespace {

constexpr std::chrono::seconds kAbort{1};
constexpr std::chrono::milliseconds kMoment{1};
// Each costs no more than waking a thread does.
constexpr std::size_t kAnswersByWriterMax = 16;

}  // namespace

// A connection whose first bytes have not come yet. Keeps itself by what it waits for. Thread: the
// IoThread.
class FrameServer::Newcomer final : public std::enable_shared_from_this<Newcomer> {
 public:
  Newcomer(FrameServer& server, int descriptor, std::string peer)
      : server_(server),
        peer_(std::move(peer)),
        socket_(server.io_.context(), descriptor),
        patience_(server.io_.context(), server.options_.handshake) {}

  void Wait() {
    patience_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
      boost::system::error_code ignored;
      if (!error) self->socket_.close(ignored);
    });
    socket_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                       [self = shared_from_this()](const boost::system::error_code& error) {
                         self->patience_.cancel();
                         if (!error) self->Look();
                       });
  }

 private:
  void Look() {
    std::array<char, kFramesMagic.size()> begin{};
    const ssize_t got =
        ::recv(socket_.native_handle(), begin.data(), begin.size(), MSG_PEEK | MSG_DONTWAIT);
    // Whoever speaks frames sends the magic in one piece.
    if (got == static_cast<ssize_t>(begin.size()) && begin == kFramesMagic) {
      server_.Start(socket_.release(), peer_);
    } else {
      server_.others_(socket_.release(), peer_);
    }
  }

  FrameServer& server_;
  const std::string peer_;
  boost::asio::posix::stream_descriptor socket_;
  boost::asio::steady_timer patience_;
};

FrameServer::FrameServer(Broker& broker, IoThread& io, const RpcOptions& options,
                         StreamRegistry& streams, ConnectionHandler others)
    : io_(io),
      options_(options),
      others_(std::move(others)),
      streams_(streams),
      answers_(kAnswersByWriterMax),
      context_{broker, options_, streams_, answers_, SystemClock::Get()} {}

FrameServer::~FrameServer() { Stop(); }

void FrameServer::Sort(int descriptor, const std::string& peer) {
  std::make_shared<Newcomer>(*this, descriptor, peer)->Wait();
}

void FrameServer::Start(int descriptor, const std::string& peer) {
  auto channel = FrameChannel::Welcome(descriptor);
  if (!channel.ok()) {
    Logger("frames").warn("connection refused error={}", channel.error().ToString());
    ::close(descriptor);
    return;
  }
  const auto connection = std::make_shared<FrameConnection>(
      context_, io_, descriptor, std::move(channel).value(), peer,
      [this, alive = alive_](const std::shared_ptr<FrameConnection>& ended) {
        connections_.erase(ended);
      });
  connections_.insert(connection);
  connection->Start();
}

void FrameServer::Stop() {
  if (stopped_) return;
  stopped_ = true;
  std::size_t left = 0;
  io_.RunAndWait([this, &left] {
    const auto connections = connections_;
    left = connections.size();
    for (const auto& connection : connections) connection->Abort();
  });
  if (left > 0) {
    Logger("frames").warn("streams cut off streams={}", left);
    (void)streams_.DrainAll(kAbort);
  }
  answers_.Stop();
  // A partition's writer may hold one a moment longer, until its sync has returned. Their sockets
  // are the io thread's.
  while (alive_.use_count() > 1) std::this_thread::sleep_for(kMoment);
}

}  // namespace qalam
