#pragma once

#include <chrono>

#include "client/cli/bundle.h"
#include "client/cli/session.h"

namespace qalam::cli {

// What a broker says of itself: versions, cluster, topics, partitions, settings, streams, refusals,
// and figures twice, `interval` apart. A broker that can't be reached is a gap. Blocks.
void AddBrokerParts(const Session& session, std::chrono::milliseconds interval, Bundle& bundle);

}  // namespace qalam::cli
