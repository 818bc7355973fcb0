#pragma once

#include <memory>
#include <string>
#include <vector>

#include "broker/api/broker.h"
#include "broker/http/http_server.h"
#include "broker/node/broker_config.h"
#include "common/result.h"

namespace qalam {

// The HTTP side of qalamd: which pages there are, and where. A broker inside another program has
// none. Thread: one at a time.
class HttpFrontEnd {
 public:
  // Binds; nothing is accepted yet. `broker` must outlive it. Where nobody asked for an address and
  // the default one is taken, a warning is all. Errors: as TcpListener's.
  static Result<std::unique_ptr<HttpFrontEnd>> Open(Broker& broker, const BrokerSettings& settings);
  ~HttpFrontEnd();  // Stopped.

  // HOST:PORT of each listener, with the port it really has.
  const std::vector<std::string>& addresses() const { return addresses_; }
  void Accept();
  void StopAccepting();
  // The broker has stopped: all that it was asked is answered.
  void Stop();

 private:
  explicit HttpFrontEnd(std::unique_ptr<HttpServer> server) : server_(std::move(server)) {}
  Status Listen(const BrokerSettings& settings);

  const std::unique_ptr<HttpServer> server_;
  std::vector<std::string> addresses_;
};

}  // namespace qalam
