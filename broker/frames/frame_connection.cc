#include "broker/frames/frame_connection.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>
#include <vector>

#include "broker/wire/error_codec.h"

namespace qalam {
namespace {

namespace asio = boost::asio;

// How many bytes of head and payload the socket took; 0 if it has no room; nothing: it is broken.
std::optional<std::size_t> Send(int descriptor, BytesView head, BytesView payload) {
  iovec parts[2] = {{const_cast<std::byte*>(head.data()), head.size()},
                    {const_cast<std::byte*>(payload.data()), payload.size()}};
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = 2;
  ssize_t sent = 0;
  do {
    sent = ::sendmsg(descriptor, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  } while (sent < 0 && errno == EINTR);
  if (sent >= 0) return static_cast<std::size_t>(sent);
  if (errno == EAGAIN || errno == EWOULDBLOCK) return 0;
  return std::nullopt;
}

}  // namespace

FrameConnection::FrameConnection(const RpcContext& rpc, IoThread& io, int descriptor,
                                 const std::string& peer, OnEnd on_end)
    : io_(io),
      socket_(io.context(), asio::local::stream_protocol(), descriptor),
      stream_(std::make_shared<ProduceStream>(rpc, *this, "local", peer)),
      on_end_(std::move(on_end)),
      frames_(rpc.options.message_bytes_max) {}

void FrameConnection::Read() {
  wanted_.store(true);
  if (pumping_.load() == std::this_thread::get_id()) return;  // Pump goes on.
  asio::post(io_.context(), [self = shared_from_this()] { self->Pump(); });
}

void FrameConnection::Pump() {
  if (waiting_) return;
  pumping_.store(std::this_thread::get_id());
  while (wanted_.load() && TakeFrame()) {
  }
  pumping_.store(std::thread::id());
}

bool FrameConnection::TakeFrame() {
  while (true) {
    Result<std::optional<Frame>> frame = frames_.Next();
    if (!frame.ok()) {
      wanted_.store(false);
      stream_->OnRead(std::move(frame).error());
      return false;
    }
    if (frame->has_value()) {
      wanted_.store(false);
      stream_->OnRead(std::vector{std::move((*frame)->payload)});
      return true;
    }
    const std::span<std::byte> space = frames_.Space();
    const ssize_t got = ::recv(socket_.native_handle(), space.data(), space.size(), MSG_DONTWAIT);
    if (got > 0) {
      frames_.Filled(static_cast<std::size_t>(got));
    } else if (got < 0 && errno == EINTR) {
      continue;
    } else if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      WaitReadable();
      return false;
    } else {
      wanted_.store(false);
      stream_->OnReadEnd();
      return false;
    }
  }
}

void FrameConnection::WaitReadable() {
  waiting_ = true;
  socket_.async_wait(Socket::wait_read,
                     [self = shared_from_this()](const boost::system::error_code& error) {
                       self->waiting_ = false;
                       if (!error) self->Pump();
                     });
}

bool FrameConnection::Write(Bytes message) {
  const auto head = MakeFrameHead(FrameKind::kMessage, message.size());
  const auto sent = Send(socket_.native_handle(), head, message);
  if (sent && *sent == head.size() + message.size()) return true;
  if (sent) {
    rest_.assign(head.begin(), head.end());
    rest_.insert(rest_.end(), message.begin(), message.end());
    written_ = *sent;
  }
  asio::post(io_.context(), [self = shared_from_this(), broken = !sent] {
    if (broken) {
      self->stream_->OnWritten(false);
    } else {
      self->WaitWritable();
    }
  });
  return false;
}

void FrameConnection::WaitWritable() {
  socket_.async_wait(Socket::wait_write,
                     [self = shared_from_this()](const boost::system::error_code& error) {
                       if (!error && !self->rest_.empty()) self->WriteRest();
                     });
}

void FrameConnection::WriteRest() {
  const auto sent = Send(socket_.native_handle(), BytesView(rest_).subspan(written_), {});
  if (!sent) {
    rest_.clear();
    stream_->OnWritten(false);
    return;
  }
  written_ += *sent;
  if (written_ < rest_.size()) {
    WaitWritable();
    return;
  }
  rest_.clear();
  stream_->OnWritten(true);
}

void FrameConnection::Finish(const std::optional<Error>& error) {
  Bytes payload;
  if (error) {
    const std::string details = EncodeStatusDetails(*error, 0);
    const BytesView bytes = AsBytes(details);
    payload.assign(bytes.begin(), bytes.end());
  }
  // Where the client takes nothing, it hears of the end by the connection's.
  const auto head = MakeFrameHead(FrameKind::kEnd, payload.size());
  (void)Send(socket_.native_handle(), head, payload);
  asio::post(io_.context(), [self = shared_from_this()] {
    boost::system::error_code ignored;
    self->socket_.shutdown(Socket::shutdown_both, ignored);
    self->socket_.close(ignored);
    self->stream_->OnDone();
    self->on_end_(self);
  });
}

void FrameConnection::Abort() {
  if (!rest_.empty()) {
    rest_.clear();
    stream_->OnWritten(false);
  }
  stream_->OnCancel();
}

}  // namespace qalam
