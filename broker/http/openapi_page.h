#pragma once

#include "broker/http/http_pages.h"

namespace qalam {

// /openapi.json: what all pages take and answer, for people and for programs that make clients.
// Thread: any.
void AddOpenApiPage(HttpPages& pages);

}  // namespace qalam
