#pragma once

#include "client/cli/verbs.h"

namespace qalam::cli {

// Adds `bench ceiling` below `bench`, and below `root` the hidden verb that its server is started
// by. `session` and `chosen` outlive both. Thread: main.
void AddCeiling(CLI::App& root, CLI::App& bench, Session& session, Action& chosen);

}  // namespace qalam::cli
