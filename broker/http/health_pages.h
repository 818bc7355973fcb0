#pragma once

#include "broker/api/broker.h"
#include "broker/http/http_pages.h"

namespace qalam {

// /healthz: the process answers. /readyz: 200 if the broker serves all of its partitions, else 503
// and a line for each problem. `broker` must outlive the pages. Thread: any.
void AddHealthPages(HttpPages& pages, Broker& broker);

}  // namespace qalam
