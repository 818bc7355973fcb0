#pragma once

#include <optional>

#include "tests/qa/checker/anomaly.h"
#include "tests/qa/checker/spoiler_places.h"

namespace qalam::qa {

// The parts of Spoil(), by what they change. Nothing: not an anomaly of this part; false: no place.
std::optional<bool> SpoilContent(Anomaly anomaly, Places& places);
std::optional<bool> SpoilAck(Anomaly anomaly, Places& places);
std::optional<bool> SpoilRead(Anomaly anomaly, Places& places);
std::optional<bool> SpoilSample(Anomaly anomaly, Places& places);
std::optional<bool> SpoilReadback(Anomaly anomaly, Places& places);
std::optional<bool> SpoilRun(Anomaly anomaly, Places& places);

}  // namespace qalam::qa
