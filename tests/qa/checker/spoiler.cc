#include "tests/qa/checker/spoiler.h"

#include "tests/qa/checker/spoil.h"

namespace qalam::qa {

bool Spoil(Anomaly anomaly, History& history, std::mt19937_64& random) {
  Places places(history, random);
  for (const auto spoil :
       {SpoilContent, SpoilAck, SpoilRead, SpoilSample, SpoilReadback, SpoilRun}) {
    if (const std::optional<bool> done = spoil(anomaly, places)) return *done;
  }
  return false;
}

}  // namespace qalam::qa
