#pragma once

#include "broker/api/broker.h"
#include "broker/http/http_pages.h"

namespace qalam {

// /api/v1, to read from: cluster, topics, topics/NAME, partitions (?topic=), config. Lists come in
// pages (?page_size=, ?page_token=). Answers are the JSON of the gRPC messages, errors that of
// ErrorResponse. `broker` must outlive the pages. Thread: any.
void AddApiPages(HttpPages& pages, Broker& broker);

}  // namespace qalam
