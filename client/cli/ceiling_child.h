#pragma once

#include <qalam/client.h>
#include <sys/types.h>

#include <chrono>
#include <memory>
#include <string>

#include "client/cli/ceiling_server.h"

namespace qalam::cli {

// The server of `bench ceiling`, as its parent sees it: this program, started again. It is not in
// our process group: Ctrl-C is for us, it ends because its stdin does. Thread: its owner.
class CeilingChild {
 public:
  // Waits until it listens. Errors: the server's own; UNKNOWN (could not be started, or ended);
  // CANCELLED (Interrupted()).
  static abi0::Result<std::unique_ptr<CeilingChild>> Start(const CeilingServerOptions& options);
  // Ends it and waits for that; kills it when it takes too long.
  ~CeilingChild();
  CeilingChild(const CeilingChild&) = delete;
  CeilingChild& operator=(const CeilingChild&) = delete;

  const std::string& address() const { return address_; }
  // CPU time that it has used.
  std::chrono::nanoseconds cpu() const;
  // Waits for `time`, or until it has trouble. Errors: as Start.
  abi0::Status Watch(std::chrono::milliseconds time);

 private:
  CeilingChild(pid_t pid, int input, int output) : pid_(pid), input_(input), output_(output) {}
  // The next line it says. Errors: TIMED_OUT, UNKNOWN (it ended), CANCELLED.
  abi0::Result<std::string> ReadLine(std::chrono::milliseconds time);

  const pid_t pid_;
  const int input_;   // Its stdin.
  const int output_;  // Its stdout.
  std::string read_;  // What it said beyond the last whole line.
  std::string address_;
};

// What a line of the server's means: its address, or the error.
abi0::Result<std::string> ParseCeilingLine(const std::string& line);

}  // namespace qalam::cli
