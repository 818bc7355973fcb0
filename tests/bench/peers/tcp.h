#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <string_view>

#include "tests/bench/peers/load_flags.h"

namespace qalam::bench {

// A socket to "IPV4:PORT" that sends at once; closed at the end of the process.
inline int ConnectTcp(const std::string& address) {
  const auto colon = address.rfind(':');
  sockaddr_in peer{};
  peer.sin_family = AF_INET;
  if (colon == std::string::npos ||
      inet_pton(AF_INET, address.substr(0, colon).c_str(), &peer.sin_addr) != 1)
    Fail(address + " is not IPV4:PORT");
  peer.sin_port = htons(static_cast<std::uint16_t>(std::atoi(address.c_str() + colon + 1)));
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) FailWithErrno("socket");
  if (connect(socket, reinterpret_cast<const sockaddr*>(&peer), sizeof peer) != 0)
    FailWithErrno("connect to " + address);
  const int on = 1;
  if (setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) FailWithErrno("no delay");
  return socket;
}

inline void SendAll(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) FailWithErrno("send");
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

}  // namespace qalam::bench
