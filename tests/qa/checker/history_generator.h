#pragma once

#include <cstdint>

#include "tests/qa/checker/history.h"

namespace qalam::qa {

struct GeneratorOptions {
  std::uint64_t seed = 0;
  int steps = 200;  // Roughly as many events.
  int partitions_max = 3;
};

// A random history in which nothing is wrong: it follows a broker that keeps every promise, through
// pipelined sends, refusals, time-outs, late answers, restarts, retention and several readers. The
// same options give the same history. Line numbers are left 0: write it and read it back.
History GenerateHistory(const GeneratorOptions& options);

}  // namespace qalam::qa
