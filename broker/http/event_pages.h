#pragma once

#include "broker/http/cluster_events.h"
#include "broker/http/http_pages.h"

namespace qalam {

// /events: the broker as it changes; /api/v1/history: its last 15 minutes (?step=1s) or 24 hours
// (?step=1m), or the last 15 minutes of one of the busiest partitions (?topic=&partition=).
// `events` must outlive the pages. Thread: any.
void AddEventPages(HttpPages& pages, ClusterEvents& events);

}  // namespace qalam
