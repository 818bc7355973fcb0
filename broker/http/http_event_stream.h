#pragma once

#include <array>
#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "broker/http/http_message.h"
#include "common/mutex.h"

namespace qalam {

class HttpServer;

// Whole server-sent events, made once and shared by all who get them.
using EventText = std::shared_ptr<const std::string>;

// One client that gets server-sent events until one side ends it. What it has not taken yet waits,
// event_queue_bytes_max and one text at most; a client that takes nothing for too long, or is gone,
// is closed. Whoever holds a stream lets go of it before the server is destroyed. Thread: Send,
// End, closed and queued_bytes from any, Send from one at a time; the rest the server's IoThread.
class HttpEventStream final : public std::enable_shared_from_this<HttpEventStream> {
 public:
  HttpEventStream(HttpServer& server, boost::asio::ip::tcp::socket socket);

  // Begins with `head`, the answer's header.
  void Start(std::string head);
  // False: closed, or more than event_queue_bytes_max waits already; then `text` is not sent.
  bool Send(EventText text);
  // Once all is sent, closes.
  void End();
  void Close();  // At once.

  bool closed() const { return closed_.load(); }
  std::size_t queued_bytes() const { return queued_bytes_.load(); }

 private:
  using Error = boost::system::error_code;

  void TakeSent();
  void Queue(EventText text);
  void WriteNext();
  void OnWritten(Error error);
  void Read();
  void AwaitHeartbeat();
  void OnHeartbeat();

  HttpServer& server_;
  boost::asio::io_context& context_;
  boost::asio::ip::tcp::socket socket_;
  boost::asio::steady_timer heartbeat_;
  std::deque<EventText> queue_;  // The first is on its way if `writing_`.
  bool writing_ = false;
  bool ending_ = false;
  std::chrono::steady_clock::time_point writing_since_;
  std::array<char, 1024> received_{};  // Nothing is expected.
  std::size_t received_bytes_ = 0;
  Mutex mutex_;
  std::deque<EventText> sent_ QALAM_GUARDED_BY(mutex_);  // In order, for the IoThread.
  std::atomic<std::size_t> queued_bytes_{0};
  std::atomic<bool> closed_{false};
};

// The answer of a page that opens a stream; the client is asked to come back a second after its
// end.
HttpResponse EventStreamResponse(std::function<void(std::shared_ptr<HttpEventStream>)> open);

// 503: it may come back in a moment.
HttpResponse TooManyStreams(std::string why);

}  // namespace qalam
