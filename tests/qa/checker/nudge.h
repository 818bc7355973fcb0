#pragma once

#include <random>

#include "tests/qa/checker/history.h"

namespace qalam::qa {

// Moves one number of one random event a little: a time, an offset, an epoch, a bound. What comes
// of it is anything: still valid, bad at the very edge of a rule, or not well-formed any more.
void Nudge(History& history, std::mt19937_64& random);

}  // namespace qalam::qa
