#pragma once

#include "broker/http/http_pages.h"
#include "broker/http/record_scan.h"

namespace qalam {

// /api/v1/records: a page of a topic's records, from its newest, oldest, an offset or a time on,
// merged by time, filtered by plain substrings; and /api/v1/records/TOPIC/PARTITION/OFFSET: one
// record, whole. `scanner` must outlive the pages. Thread: any.
void AddRecordPages(HttpPages& pages, RecordScanner& scanner);

}  // namespace qalam
