#pragma once

#include <string>

#include "tests/qa/checker/history.h"

namespace qalam::qa {

// The history as a file (tests/qa/README.md), grouped by partition and event, each list in its
// order. Line numbers in `history` are not looked at. Thread: any.
std::string WriteHistory(const History& history);

}  // namespace qalam::qa
