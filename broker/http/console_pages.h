#pragma once

#include <span>
#include <string>

#include "broker/http/http_pages.h"
#include "broker/http/stored_file.h"

namespace qalam {

// The console: / and /assets/FILE. Its page runs no script but its own, which comes from here.
// Assets have a hash of their content in their names, so that browsers may keep them for good.
// `files` must outlive the pages. Thread: any.
void AddConsolePages(HttpPages& pages, std::span<const StoredFile> files);
// From `directory`, as it is at each request, for the console's development. Reads on the server's
// thread.
void AddConsoleDirectory(HttpPages& pages, const std::string& directory);

}  // namespace qalam
