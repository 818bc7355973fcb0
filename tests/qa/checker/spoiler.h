#pragma once

#include <random>

#include "tests/qa/checker/anomaly.h"
#include "tests/qa/checker/history.h"

namespace qalam::qa {

// Makes `history`, in which all was well, show `anomaly` at a random place; what follows from it
// may show as other anomalies too. The history stays well-formed. False, and a history to be thrown
// away, if it has no place for it: try another one.
bool Spoil(Anomaly anomaly, History& history, std::mt19937_64& random);

}  // namespace qalam::qa
