#pragma once

#include "broker/api/broker.h"
#include "broker/http/http_pages.h"
#include "broker/http/write_guard.h"

namespace qalam {

// What of /api/v1 changes something: create, delete and alter topics, trim partitions, set the
// broker's settings. Bodies are the JSON of the gRPC messages; each can be asked only to check
// (validate_only). All of it is behind CheckWrite. `broker` must outlive the pages. Thread: any.
void AddWritePages(HttpPages& pages, Broker& broker, HttpMode mode);

}  // namespace qalam
