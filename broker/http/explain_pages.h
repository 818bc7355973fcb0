#pragma once

#include "broker/api/broker.h"
#include "broker/http/http_pages.h"

namespace qalam {

// /api/v1/explain (?topic=&partition=&offset=): the story of one record. /api/v1/refusals
// (?topic=&partition=[&limit=]): what a partition's writer refused. `broker` must outlive the
// pages. Thread: any.
void AddExplainPages(HttpPages& pages, Broker& broker);

}  // namespace qalam
