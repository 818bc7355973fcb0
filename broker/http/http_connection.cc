#include "broker/http/http_connection.h"

#include <boost/asio/post.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <utility>

#include "broker/http/http_server.h"

namespace qalam {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

// Sockets are handed over open; whether they are of IPv4 or IPv6 is the kernel's to know.
asio::ip::tcp::socket Adopt(asio::io_context& context, int descriptor) {
  asio::ip::tcp::socket socket(context);
  beast::error_code ignored;
  socket.assign(asio::ip::tcp::v4(), descriptor, ignored);
  return socket;
}

}  // namespace

HttpConnection::HttpConnection(HttpServer& server, int descriptor)
    : server_(server), stream_(Adopt(server.io_.context(), descriptor)) {}

void HttpConnection::Read() {
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(server_.options_.header_bytes_max));
  parser_->body_limit(0);
  stream_.expires_after(server_.options_.idle_max);
  http::async_read(
      stream_, buffer_, *parser_,
      [self = shared_from_this()](beast::error_code error, std::size_t) { self->OnRead(error); });
}

void HttpConnection::OnRead(beast::error_code error) {
  if (!error) {
    Handle();
  } else if (error == http::error::body_limit) {
    Refuse(Error(ErrorCode::kMessageTooLarge, "requests have no body here"), 413);
  } else if (error == http::error::header_limit) {
    Refuse(Error(ErrorCode::kMessageTooLarge,
                 "the header has more than " + std::to_string(server_.options_.header_bytes_max) +
                     " bytes"),
           431);
  } else if (error.category() == http::make_error_code(http::error::bad_method).category() &&
             error != http::error::end_of_stream && error != http::error::partial_message) {
    Refuse(Error(ErrorCode::kInvalidArgument, "not HTTP: " + error.message()), 400);
  } else {
    End();  // Closed by the client, too slow, or closed by us.
  }
}

void HttpConnection::Handle() {
  const auto& message = parser_->get();
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
  request.accept = std::string(message[http::field::accept]);
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
  server_.pages_.Answer(request, std::move(reply));
}

void HttpConnection::Refuse(const Error& error, int status) {
  Write(ErrorResponse(error, status), false);
}

void HttpConnection::Write(HttpResponse response, bool keep_alive) {
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
  response_.content_length(response.body.size());
  if (!head_) response_.body() = std::move(response.body);
  stream_.expires_after(server_.options_.answer_max);
  http::async_write(stream_, response_,
                    [self = shared_from_this(), keep_alive](beast::error_code error, std::size_t) {
                      if (error || !keep_alive) {
                        self->End();
                      } else {
                        self->Read();
                      }
                    });
}

void HttpConnection::End() {
  beast::error_code ignored;
  stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  Close();
}

void HttpConnection::Close() {
  stream_.close();
  server_.connections_.erase(shared_from_this());
}

}  // namespace qalam
