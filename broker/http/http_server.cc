#include "broker/http/http_server.h"

#include <unistd.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <utility>

#include "broker/http/http_connection.h"
#include "broker/http/http_event_stream.h"
#include "common/check.h"

namespace qalam {

HttpServer::HttpServer(HttpPages pages, HttpOptions options)
    : pages_(std::move(pages)), options_(std::move(options)) {
  io_.Start();
}

HttpServer::~HttpServer() { QALAM_CHECK(stopped_); }

Result<std::uint16_t> HttpServer::Listen(const std::string& host, std::uint16_t port) {
  QALAM_ASSIGN_OR_RETURN(
      std::unique_ptr<TcpListener> listener,
      TcpListener::Open(io_, host, port, [this](int descriptor, const std::string& /*peer*/) {
        Accept(descriptor);
      }));
  const std::uint16_t bound = listener->port();
  listeners_.push_back(std::move(listener));
  return bound;
}

void HttpServer::Start() {
  accepting_ = true;
  for (const auto& listener : listeners_) listener->Start();
}

void HttpServer::Accept(int descriptor) {
  if (connections_.size() >= options_.connections_max) {
    ::close(descriptor);
    return;
  }
  const auto connection = std::make_shared<HttpConnection>(*this, descriptor);
  connections_.insert(connection);
  connection->Read();
}

bool HttpServer::HasRoomForStream() const {
  return streams_allowed_ && streams_.size() < options_.event_streams_max;
}

void HttpServer::StopAccepting() {
  if (!std::exchange(accepting_, false)) return;
  for (const auto& listener : listeners_) listener->Stop();
  io_.RunAndWait([this] {
    streams_allowed_ = false;
    const auto streams = streams_;
    for (const auto& stream : streams) stream->Close();
  });
}

void HttpServer::Stop() {
  StopAccepting();
  io_.RunAndWait([this] {
    const auto connections = connections_;
    for (const auto& connection : connections) connection->Close();
  });
  io_.Stop();
  stopped_ = true;
}

bool IsAllowedHost(std::string_view host, const std::vector<std::string>& allowed) {
  if (host.starts_with('[')) {
    const std::size_t end = host.find(']');
    if (end == std::string_view::npos) return false;
    host = host.substr(1, end - 1);
  } else {
    host = host.substr(0, host.find(':'));
  }
  if (host == "localhost") return true;
  boost::system::error_code not_an_address;
  boost::asio::ip::make_address(std::string(host), not_an_address);
  if (!not_an_address) return true;
  return std::find(allowed.begin(), allowed.end(), host) != allowed.end();
}

}  // namespace qalam
