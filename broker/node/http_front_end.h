#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "broker/api/broker.h"
#include "broker/api/open_streams.h"
#include "broker/http/cluster_events.h"
#include "broker/http/http_server.h"
#include "broker/http/record_scan.h"
#include "broker/http/record_tails.h"
#include "broker/node/broker_config.h"
#include "common/result.h"

namespace qalam {

// The HTTP side of qalamd: which pages there are, and where. A broker inside another program has
// none. Thread: one at a time.
class HttpFrontEnd {
 public:
  // Binds; nothing is accepted yet. `broker` and `streams` must outlive it. Where nobody asked for
  // an address and the default one is taken, a warning is all. Errors: as TcpListener's.
  static Result<std::unique_ptr<HttpFrontEnd>> Open(Broker& broker, const OpenStreams& streams,
                                                    const BrokerSettings& settings);
  ~HttpFrontEnd();  // Stopped.

  // HOST:PORT of each listener, with the port it really has.
  const std::vector<std::string>& addresses() const { return addresses_; }
  void Accept();
  void StopAccepting();
  // The broker has stopped: all that it was asked is answered.
  void Stop();

 private:
  HttpFrontEnd(Broker& broker, const OpenStreams& streams, const BrokerSettings& settings);
  HttpPages MakePages(Broker& broker, const OpenStreams& streams, const BrokerSettings& settings);
  Status Listen(const BrokerSettings& settings);

  std::unique_ptr<HttpServer> server_;  // Outlives those who hold its streams.
  RecordScanner records_;
  ClusterEvents events_;
  RecordTails tails_;
  std::vector<std::string> addresses_;
};

}  // namespace qalam
