#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string>

#include "broker/io/io_thread.h"

namespace qalam {

// Accepts on a listening descriptor until stopped. `accepted` gets each new, non-blocking,
// close-on-exec descriptor. Thread: the IoThread's, except Start and Stop.
class AcceptLoop {
 public:
  using Accepted = std::function<void(int descriptor)>;
  // Owns `listening`.
  AcceptLoop(IoThread& io, int listening, Accepted accepted);
  ~AcceptLoop();
  void Start();
  void Stop();  // Blocks until the loop has ended.

 private:
  void WaitReadable();
  void AcceptAll();
  void RefuseOne();

  IoThread& io_;
  boost::asio::posix::stream_descriptor listening_;
  boost::asio::steady_timer pause_;
  const Accepted accepted_;
  int reserve_ = -1;  // Given up for a moment when the process has no descriptor left.
  bool stopped_ = false;
};

}  // namespace qalam
