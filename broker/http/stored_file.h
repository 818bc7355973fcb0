#pragma once

#include <span>
#include <string>
#include <string_view>

#include "broker/http/http_message.h"
#include "common/bytes.h"

namespace qalam {

// A file inside the program: the console's, and the API's description. Thread: a value; the views
// are of what never goes.
struct StoredFile {
  std::string_view name;  // "index.html", "assets/index-4f1a.js"
  std::string_view etag;  // With its quotes.
  BytesView gzipped;
};

// "text/html; charset=utf-8", by the name's ending.
std::string ContentTypeOf(std::string_view name);

// The file, gzipped for who accepts that, or 304 for who has it. `cache`: the Cache-Control.
// Thread: any.
HttpResponse ServeStored(const StoredFile& file, const HttpRequest& request, std::string cache);

// What the build put in (cmake/QalamEmbed.cmake).
std::span<const StoredFile> EmbeddedConsole();  // index.html always; only that: the stub.
std::span<const StoredFile> EmbeddedOpenApi();  // One: openapi.json.

}  // namespace qalam
