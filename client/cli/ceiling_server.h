#pragma once

#include <cstdint>
#include <string>

#include "client/cli/ceiling_way.h"

namespace qalam::cli {

struct CeilingServerOptions {
  CeilingWay way = CeilingWay::kDirect;
  CeilingAck ack = CeilingAck::kFsync;
  std::string directory;  // Exists, and is the server's own: it goes with it. Not for kNone.
  std::uint64_t space_bytes = std::uint64_t{1} << 30;  // What files may take there.
};

// The throwaway server of `bench ceiling`, in a process of its own. Tells its parent on stdout, a
// line each, where it listens or what went wrong:
//   ready HOST:PORT          failed WORD MESSAGE
// Serves until stdin ends, as it does when the parent is gone, then removes all files and the
// directory. Returns the exit code. Thread: main.
int RunCeilingServer(const CeilingServerOptions& options);

}  // namespace qalam::cli
