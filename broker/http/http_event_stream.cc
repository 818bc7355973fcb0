#include "broker/http/http_event_stream.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <utility>

#include "broker/http/http_server.h"

namespace qalam {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kReceivedBytesMax = 16 * 1024;  // From a client that has nothing to say.

void Tune(asio::ip::tcp::socket& socket, const HttpOptions& options) {
  boost::system::error_code ignored;
  socket.set_option(asio::socket_base::send_buffer_size(options.event_send_buffer_bytes), ignored);
  socket.set_option(asio::ip::tcp::no_delay(true), ignored);
  // A machine that vanished without a word.
  const auto timeout = static_cast<unsigned>(options.answer_max.count());
  (void)::setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout,
                     sizeof timeout);
}

}  // namespace

HttpEventStream::HttpEventStream(HttpServer& server, asio::ip::tcp::socket socket)
    : server_(server),
      context_(server.io_.context()),
      socket_(std::move(socket)),
      heartbeat_(context_) {
  Tune(socket_, server_.options_);
}

void HttpEventStream::Start(std::string head) {
  auto text = std::make_shared<const std::string>(std::move(head));
  queued_bytes_ += text->size();
  Queue(std::move(text));
  Read();
  AwaitHeartbeat();
}

bool HttpEventStream::Send(EventText text) {
  const bool full = queued_bytes_.load() > server_.options_.event_queue_bytes_max;
  if (full || closed_.load()) return false;
  queued_bytes_ += text->size();
  bool first = false;
  {
    MutexLock lock(mutex_);
    first = sent_.empty();
    sent_.push_back(std::move(text));
  }
  // Asio keeps no order between what its own thread posts and what others do.
  if (first) asio::post(context_, [self = shared_from_this()] { self->TakeSent(); });
  return true;
}

void HttpEventStream::TakeSent() {
  std::deque<EventText> sent;
  {
    MutexLock lock(mutex_);
    sent.swap(sent_);
  }
  for (EventText& text : sent) Queue(std::move(text));
}

void HttpEventStream::End() {
  asio::post(context_, [self = shared_from_this()] {
    self->TakeSent();
    self->ending_ = true;
    if (!self->writing_) self->Close();
  });
}

void HttpEventStream::Queue(EventText text) {
  if (closed_.load()) return;
  queue_.push_back(std::move(text));
  if (!writing_) WriteNext();
}

void HttpEventStream::WriteNext() {
  writing_ = true;
  writing_since_ = std::chrono::steady_clock::now();
  asio::async_write(
      socket_, asio::buffer(*queue_.front()),
      [self = shared_from_this()](Error error, std::size_t) { self->OnWritten(error); });
}

void HttpEventStream::OnWritten(Error error) {
  if (closed_.load()) return;
  if (error) {
    Close();
    return;
  }
  writing_ = false;
  queued_bytes_ -= queue_.front()->size();
  queue_.pop_front();
  if (!queue_.empty()) {
    WriteNext();
  } else if (ending_) {
    socket_.shutdown(asio::ip::tcp::socket::shutdown_send, error);
    Close();
  }
}

// Only to learn that the client is gone.
void HttpEventStream::Read() {
  socket_.async_read_some(asio::buffer(received_),
                          [self = shared_from_this()](Error error, std::size_t bytes) {
                            if (self->closed_.load()) return;
                            self->received_bytes_ += bytes;
                            if (error || self->received_bytes_ > kReceivedBytesMax) {
                              self->Close();
                            } else {
                              self->Read();
                            }
                          });
}

void HttpEventStream::AwaitHeartbeat() {
  heartbeat_.expires_after(server_.options_.event_heartbeat);
  heartbeat_.async_wait([self = shared_from_this()](Error error) {
    if (!error && !self->closed_.load()) self->OnHeartbeat();
  });
}

void HttpEventStream::OnHeartbeat() {
  static const EventText comment = std::make_shared<const std::string>(":\n\n");
  if (!writing_) {
    queued_bytes_ += comment->size();
    Queue(comment);
  } else if (std::chrono::steady_clock::now() - writing_since_ > server_.options_.answer_max) {
    Close();
    return;
  }
  AwaitHeartbeat();
}

void HttpEventStream::Close() {
  if (closed_.exchange(true)) return;
  Error ignored;
  socket_.close(ignored);
  heartbeat_.cancel();
  // A write under way still reads the first one; it ends in a moment.
  if (queue_.size() > 1) queue_.erase(queue_.begin() + 1, queue_.end());
  server_.streams_.erase(shared_from_this());
}

HttpResponse TooManyStreams(std::string why) {
  constexpr int kUnavailable = 503;
  HttpResponse full =
      ErrorResponse(qalam::Error(ErrorCode::kTooManyRequests, std::move(why)), kUnavailable);
  full.headers.emplace_back("Retry-After", "5");
  return full;
}

HttpResponse EventStreamResponse(std::function<void(std::shared_ptr<HttpEventStream>)> open) {
  HttpResponse response;
  response.content_type = "text/event-stream";
  response.headers.emplace_back("X-Accel-Buffering", "no");  // A proxy may else collect events.
  response.stream = [open = std::move(open)](std::shared_ptr<HttpEventStream> stream) {
    static const EventText retry = std::make_shared<const std::string>("retry: 1000\n\n");
    (void)stream->Send(retry);
    open(std::move(stream));
  };
  return response;
}

}  // namespace qalam
