#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <memory>
#include <optional>

#include "broker/http/http_message.h"

namespace qalam {

class HttpServer;

// One client: a request, its answer, and the next request. Thread: the server's IoThread.
class HttpConnection final : public std::enable_shared_from_this<HttpConnection> {
 public:
  // Owns `descriptor`.
  HttpConnection(HttpServer& server, int descriptor);
  void Read();
  void Close();  // At once; what is still to be answered is dropped.

 private:
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;

  void OnHeader(boost::beast::error_code error);
  void OnRead(boost::beast::error_code error);
  void Handle();
  void Refuse(const Error& error, int status);
  void Write(HttpResponse response, bool keep_alive);
  // Hands the socket over; `response_` is the header.
  void BecomeStream(const HttpResponse& response);
  void End();
  // Says no more, but takes what the client still sends, for a while: it would else lose the answer
  // to a request that it has not finished.
  void Drain(std::size_t bytes_left);

  HttpServer& server_;
  boost::beast::tcp_stream stream_;
  boost::beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  boost::beast::http::response<boost::beast::http::string_body> response_;
  bool head_ = false;  // The request's method: the answer's body is left out.
};

}  // namespace qalam
