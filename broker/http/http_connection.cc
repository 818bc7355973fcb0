#include "broker/http/http_connection.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <sstream>
#include <utility>

#include "broker/http/http_event_stream.h"
#include "broker/http/http_server.h"

namespace qalam {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

char LowerCase(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Sockets are handed over open; whether they are of IPv4 or IPv6 is the kernel's to know.
asio::ip::tcp::socket Adopt(asio::io_context& context, int descriptor) {
  asio::ip::tcp::socket socket(context);
  beast::error_code ignored;
  socket.assign(asio::ip::tcp::v4(), descriptor, ignored);
  return socket;
}

// What is read, but not understood yet; else a chunk's endless header would fill the memory.
constexpr std::size_t kBufferBytesMax = 128 * 1024;
constexpr std::chrono::seconds kDrainMax{1};
constexpr std::size_t kDrainPiece = 4096;

}  // namespace

HttpConnection::HttpConnection(HttpServer& server, int descriptor)
    : server_(server), stream_(Adopt(server.io_.context(), descriptor)), buffer_(kBufferBytesMax) {}

void HttpConnection::Read() {
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(server_.options_.header_bytes_max));
  parser_->body_limit(server_.options_.body_bytes_max);
  stream_.expires_after(server_.options_.idle_max);
  http::async_read_header(
      stream_, buffer_, *parser_,
      [self = shared_from_this()](beast::error_code error, std::size_t) { self->OnHeader(error); });
}

void HttpConnection::OnHeader(beast::error_code error) {
  const http::verb method = parser_->get().method();
  const bool reads = method == http::verb::get || method == http::verb::head;
  if (!error && reads && (parser_->content_length().value_or(0) > 0 || parser_->chunked())) {
    Refuse(Error(ErrorCode::kInvalidArgument, "a GET request has no body here"), 400);
  } else if (error || parser_->is_done()) {
    OnRead(error);
  } else {
    http::async_read(
        stream_, buffer_, *parser_,
        [self = shared_from_this()](beast::error_code read, std::size_t) { self->OnRead(read); });
  }
}

void HttpConnection::OnRead(beast::error_code error) {
  if (!error) {
    Handle();
  } else if (error == http::error::body_limit) {
    Refuse(Error(ErrorCode::kMessageTooLarge, "the body has more than " +
                                                  std::to_string(server_.options_.body_bytes_max) +
                                                  " bytes"),
           413);
  } else if (error == http::error::header_limit) {
    Refuse(Error(ErrorCode::kMessageTooLarge,
                 "the header has more than " + std::to_string(server_.options_.header_bytes_max) +
                     " bytes"),
           431);
  } else if (error.category() == http::make_error_code(http::error::bad_method).category() &&
             error != http::error::end_of_stream && error != http::error::partial_message) {
    Refuse(Error(ErrorCode::kInvalidArgument, "not HTTP: " + error.message()), 400);
  } else {
    Close();  // Closed by the client, too slow, or closed by us.
  }
}

void HttpConnection::Handle() {
  auto& message = parser_->get();
  head_ = message.method() == http::verb::head;
  const bool keep_alive = message.keep_alive();
  if (!IsAllowedHost(message[http::field::host], server_.options_.allowed_hosts)) {
    Refuse(
        Error(
            ErrorCode::kPermissionDenied,
            "the name in the Host header is not one of this broker's; qalam.http.hosts lists them"),
        403);
    return;
  }
  HttpRequest request;
  request.method = head_ ? "GET" : std::string(message.method_string());
  for (const auto& field : message) {
    std::string name(field.name_string());
    std::transform(name.begin(), name.end(), name.begin(), LowerCase);
    std::string& value = request.headers[std::move(name)];
    value.append(value.empty() ? "" : ", ").append(field.value());
  }
  request.body = std::move(message.body());
  if (!ParseHttpTarget(message.target(), request)) {
    Refuse(Error(ErrorCode::kInvalidArgument, "the path is not valid"), 400);
    return;
  }
  stream_.expires_never();  // The page has its own patience.
  auto reply = [self = shared_from_this(), keep_alive](HttpResponse response) mutable {
    auto& context = self->server_.io_.context();
    // Moved, so that the IoThread is where it is let go of.
    asio::post(context,
               [self = std::move(self), keep_alive, response = std::move(response)]() mutable {
                 self->Write(std::move(response), keep_alive);
               });
  };
  server_.pages_.Answer(std::move(request), std::move(reply));
}

void HttpConnection::Refuse(const Error& error, int status) {
  Write(ErrorResponse(error, status), false);
}

void HttpConnection::Write(HttpResponse response, bool keep_alive) {
  if (response.stream && !server_.HasRoomForStream()) {
    response = TooManyStreams("as many event streams are open as there may be");
  }
  response_ = {};
  response_.version(11);
  response_.result(static_cast<unsigned>(response.status));
  response_.keep_alive(keep_alive);
  response_.set(http::field::content_type, response.content_type);
  response_.set(http::field::cache_control, "no-store");
  response_.set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
  response_.set("X-Content-Type-Options", "nosniff");
  response_.set("Referrer-Policy", "no-referrer");
  for (const auto& [name, value] : response.headers) response_.set(name, value);
  if (response.stream && !head_) {
    BecomeStream(response);
    return;
  }
  if (response.status != 304) response_.content_length(response.body.size());
  if (!head_) response_.body() = std::move(response.body);
  stream_.expires_after(server_.options_.answer_max);
  http::async_write(stream_, response_,
                    [self = shared_from_this(), keep_alive](beast::error_code error, std::size_t) {
                      if (!error && !keep_alive) {
                        self->End();
                      } else if (error) {
                        self->Close();
                      } else {
                        self->Read();
                      }
                    });
}

void HttpConnection::BecomeStream(const HttpResponse& response) {
  response_.keep_alive(false);
  std::ostringstream head;
  head << response_.base();
  const auto stream = std::make_shared<HttpEventStream>(server_, stream_.release_socket());
  server_.streams_.insert(stream);
  server_.connections_.erase(shared_from_this());
  stream->Start(head.str());
  response.stream(stream);
}

void HttpConnection::End() {
  constexpr std::size_t kDrainedBytesMax = 1 << 20;
  beast::error_code ignored;
  stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  stream_.expires_after(kDrainMax);
  buffer_.clear();
  Drain(kDrainedBytesMax);
}

void HttpConnection::Drain(std::size_t bytes_left) {
  stream_.async_read_some(
      buffer_.prepare(kDrainPiece),
      [self = shared_from_this(), bytes_left](beast::error_code error, std::size_t bytes) {
        if (error || bytes >= bytes_left) {
          self->Close();
        } else {
          self->Drain(bytes_left - bytes);
        }
      });
}

void HttpConnection::Close() {
  stream_.close();
  server_.connections_.erase(shared_from_this());
}

}  // namespace qalam
