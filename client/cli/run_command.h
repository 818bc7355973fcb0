#pragma once

#include <string>
#include <string_view>

namespace qalam::cli {

// Runs `command` by the shell with `input` on its stdin, and waits for it. The command need not
// read its input. Returns its exit code; 128 + the signal that ended it; -1: it could not be run.
// Thread: any.
int RunCommand(const std::string& command, std::string_view input);

}  // namespace qalam::cli
