#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <memory>
#include <string>

#include "broker/io/accept_loop.h"
#include "broker/io/acceptor.h"
#include "broker/io/io_thread.h"
#include "common/result.h"

namespace qalam {

// Listens on one TCP address and hands every connection over. Out of descriptors it gives its
// reserve one up to refuse a connection cleanly, pauses, and goes on. Thread: Open, Start and Stop
// the owner's.
class TcpListener {
 public:
  // Binds and listens; nothing is accepted before Start. Port 0 takes a free one. Errors:
  // kPortInUse, kInvalidArgument (the address), kPermissionDenied, kIo.
  static Result<std::unique_ptr<TcpListener>> Open(IoThread& io, const std::string& host,
                                                   std::uint16_t port, ConnectionHandler handler);
  ~TcpListener();
  std::uint16_t port() const { return port_; }
  void Start();
  void Stop();  // No connection is accepted after it returns.

 private:
  TcpListener(IoThread& io, int descriptor, std::uint16_t port, ConnectionHandler handler);
  IoThread& io_;
  const std::uint16_t port_;
  std::unique_ptr<AcceptLoop> loop_;
};

}  // namespace qalam
