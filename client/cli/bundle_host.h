#pragma once

#include <cstdint>
#include <string>

#include "client/cli/bundle.h"

namespace qalam::cli {

// This machine, as far as a broker cares: kernel, processors, memory, limits of the kernel.
void AddMachineParts(Bundle& bundle);
// The process `pid`: status, limits, input and output, threads; never its environment or command
// line.
void AddProcessParts(std::int64_t pid, Bundle& bundle);
// The last MiB of the log `file`.
void AddLogTail(const std::string& file, Bundle& bundle);

}  // namespace qalam::cli
