#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <string>

#include "broker/io/io_thread.h"

namespace qalam {

// Accepts on a listening descriptor until stopped. `accepted` gets each new, non-blocking,
// close-on-exec descriptor and owns it. When the process is out of descriptors, the reserve is
// given up for a moment to turn one client away, and the loop pauses: it never spins, and goes on
// by itself. Thread: the IoThread's, except Start and Stop (the owner's).
class AcceptLoop {
 public:
  using Accepted = std::function<void(int descriptor)>;
  // Owns `listening`: non-blocking, already listening. `name` is for the log.
  AcceptLoop(IoThread& io, int listening, std::string name, Accepted accepted);
  ~AcceptLoop();
  void Start();
  void Stop();  // Closes `listening`; nothing is accepted after it returns.

 private:
  void WaitReadable();
  void AcceptSome();
  void Pause(int error);
  void RefuseOne();

  IoThread& io_;
  const std::string name_;
  boost::asio::posix::stream_descriptor listening_;
  boost::asio::steady_timer pause_;
  const Accepted accepted_;
  int reserve_ = -1;
  std::uint64_t refused_ = 0;  // Since accepting began to fail.
  bool failing_ = false;
  bool stopped_ = false;
};

}  // namespace qalam
