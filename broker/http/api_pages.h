#pragma once

#include <string>

#include "broker/api/broker.h"
#include "broker/http/http_pages.h"
#include "broker/http/write_guard.h"

namespace qalam {

// What /api/v1/session says.
struct SessionInfo {
  HttpMode mode = HttpMode::kOperator;
  bool console = false;  // It is served, and is not the stub.
};

// What of /api/v1 only looks: session, cluster, topics, topics/NAME, partitions (?topic=), the
// epochs of a partition, config. Lists come in pages (?page_size=, ?page_token=). Answers are the
// JSON of the gRPC messages, errors that of ErrorResponse. `broker` must outlive the pages. Thread:
// any.
void AddApiPages(HttpPages& pages, Broker& broker, SessionInfo session);

}  // namespace qalam
