#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "broker/http/http_options.h"
#include "broker/http/http_pages.h"
#include "broker/io/io_thread.h"
#include "broker/io/tcp_listener.h"
#include "common/result.h"

namespace qalam {

class HttpConnection;
class HttpEventStream;

// HTTP/1.1 by Boost.Beast, on one thread of its own: slow work is the pages', elsewhere. A request
// whose Host is a name that nobody allowed is refused, as a page of another site that had its name
// point here would send it (DNS rebinding); an address is always right. Thread: the owner's. Before
// Stop, whatever pages still have to answer must have been answered.
class HttpServer {
 public:
  HttpServer(HttpPages pages, HttpOptions options);
  ~HttpServer();  // Stopped.

  // Binds; nothing is accepted before Start. Answers the port. Errors: as TcpListener's.
  Result<std::uint16_t> Listen(const std::string& host, std::uint16_t port);
  void Start();
  // Streams of events end; what was asked is still answered.
  void StopAccepting();
  void Stop();

 private:
  friend class HttpConnection;
  friend class HttpEventStream;
  void Accept(int descriptor);
  bool HasRoomForStream() const;

  const HttpPages pages_;
  const HttpOptions options_;
  IoThread io_{"http"};
  std::vector<std::unique_ptr<TcpListener>> listeners_;
  std::unordered_set<std::shared_ptr<HttpConnection>> connections_;  // The IoThread's.
  std::unordered_set<std::shared_ptr<HttpEventStream>> streams_;     // The IoThread's.
  bool streams_allowed_ = true;                                      // The IoThread's.
  bool accepting_ = false;
  bool stopped_ = false;
};

// Whether `host`, as a Host header has it, is an address, localhost, or one of `allowed`.
bool IsAllowedHost(std::string_view host, const std::vector<std::string>& allowed);

}  // namespace qalam
