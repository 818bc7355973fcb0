#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "broker/io/accept_loop.h"
#include "broker/io/acceptor.h"
#include "broker/io/io_thread.h"
#include "common/result.h"

namespace qalam {

// Listens on one TCP address and hands every connection over: without delay (TCP_NODELAY), and
// closed by the kernel within about a minute when the peer has vanished. Out of descriptors it
// pauses (accept_loop.h). Thread: the owner's; `handler` runs on the IoThread.
class TcpListener {
 public:
  // Binds and listens; nothing is accepted before Start, but the kernel already queues clients.
  // `host` is a numeric address or "localhost"; port 0 takes a free one. Errors: kPortInUse,
  // kInvalidArgument (the address), kPermissionDenied, kIo.
  static Result<std::unique_ptr<TcpListener>> Open(IoThread& io, const std::string& host,
                                                   std::uint16_t port, ConnectionHandler handler);
  ~TcpListener();
  std::uint16_t port() const { return port_; }
  void Start();
  void Stop();  // No connection is accepted after it returns.

 private:
  TcpListener(IoThread& io, int descriptor, const std::string& name, std::uint16_t port,
              ConnectionHandler handler);

  const std::uint16_t port_;
  std::unique_ptr<AcceptLoop> loop_;
};

}  // namespace qalam
