#include "broker/io/tcp_listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/ip/tcp.hpp>
#include <cstring>
#include <utility>

namespace qalam {
namespace {

// A connection whose peer vanished is found out within a minute.
constexpr int kKeepAliveIdleSeconds = 30;
constexpr int kKeepAliveIntervalSeconds = 10;
constexpr int kKeepAliveProbes = 3;
constexpr unsigned kUserTimeoutMs = 60'000;

// As gRPC writes a peer: "ipv4:127.0.0.1:40122", "ipv6:[::1]:40122".
std::string PeerOf(int descriptor) {
  boost::asio::ip::tcp::endpoint endpoint;
  auto size = static_cast<socklen_t>(endpoint.capacity());
  if (::getpeername(descriptor, endpoint.data(), &size) != 0) return "unknown";
  const std::string port = std::to_string(endpoint.port());
  const std::string address = endpoint.address().to_string();
  if (endpoint.address().is_v4()) return "ipv4:" + address + ":" + port;
  return "ipv6:[" + address + "]:" + port;
}

void SetOptions(int descriptor) {
  const int on = 1;
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(descriptor, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, &kKeepAliveIdleSeconds, sizeof(int));
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, &kKeepAliveIntervalSeconds, sizeof(int));
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_KEEPCNT, &kKeepAliveProbes, sizeof(int));
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT, &kUserTimeoutMs, sizeof kUserTimeoutMs);
}

}  // namespace

Result<std::unique_ptr<TcpListener>> TcpListener::Open(IoThread& io, const std::string& host,
                                                       std::uint16_t port,
                                                       ConnectionHandler handler) {
  boost::system::error_code error;
  const std::string numeric = host == "localhost" ? "127.0.0.1" : host;
  const auto address = boost::asio::ip::make_address(numeric, error);
  if (error) return Error(ErrorCode::kInvalidArgument, "not an IP address: \"" + host + "\"");
  boost::asio::ip::tcp::endpoint endpoint(address, port);
  const std::string where =
      (address.is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(port);
  const int descriptor =
      ::socket(endpoint.protocol().family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const auto fail = [&](const char* what) {
    const int number = errno;
    if (descriptor >= 0) ::close(descriptor);
    ErrorCode code = ErrorCode::kIo;
    if (number == EADDRINUSE) code = ErrorCode::kPortInUse;
    if (number == EACCES) code = ErrorCode::kPermissionDenied;
    if (number == EADDRNOTAVAIL) code = ErrorCode::kInvalidArgument;
    return Error(code, std::string(what) + " " + where + " failed: " + std::strerror(number));
  };
  if (descriptor < 0) return fail("socket for");
  const int on = 1;
  // Over what a stopped broker left in TIME_WAIT; never over another listener.
  ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(descriptor, endpoint.data(), static_cast<socklen_t>(endpoint.size())) != 0)
    return fail("listening on");
  if (::listen(descriptor, kListenBacklog) != 0) return fail("listening on");
  socklen_t size = static_cast<socklen_t>(endpoint.capacity());
  if (::getsockname(descriptor, endpoint.data(), &size) != 0) return fail("listening on");
  return std::unique_ptr<TcpListener>(
      new TcpListener(io, descriptor, where, endpoint.port(), std::move(handler)));
}

TcpListener::TcpListener(IoThread& io, int descriptor, const std::string& name, std::uint16_t port,
                         ConnectionHandler handler)
    : port_(port),
      loop_(std::make_unique<AcceptLoop>(io, descriptor, name,
                                         [handler = std::move(handler)](int fd) {
                                           SetOptions(fd);
                                           handler(fd, PeerOf(fd));
                                         })) {}

TcpListener::~TcpListener() = default;

void TcpListener::Start() { loop_->Start(); }

void TcpListener::Stop() { loop_->Stop(); }

}  // namespace qalam
