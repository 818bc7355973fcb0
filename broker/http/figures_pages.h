#pragma once

#include "broker/api/broker.h"
#include "broker/api/open_streams.h"
#include "broker/http/http_pages.h"

namespace qalam {

// /api/v1/figures (?writers_only=true) and /api/v1/streams (?limit=): the JSON of
// ReadFiguresResponse and ListStreamsResponse. Both must outlive the pages. Thread: any.
void AddFiguresPages(HttpPages& pages, Broker& broker, const OpenStreams& streams);

}  // namespace qalam
