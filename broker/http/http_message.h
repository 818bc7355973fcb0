#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/error.h"
#include "common/unique_function.h"

namespace qalam {

// A question, as far as a page needs it. Thread: a value.
struct HttpRequest {
  std::string method;                        // "GET"; HEAD comes as GET.
  std::string path;                          // Decoded, begins with a slash.
  std::map<std::string, std::string> query;  // Decoded; of a name that comes twice, the last.
  std::string accept;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;  // Beyond those that every answer has.
};

// Answers a request, once, from any thread.
using HttpReply = UniqueFunction<void(HttpResponse)>;
// Called on the server's thread; must not block.
using HttpPage = std::function<void(const HttpRequest& request, HttpReply reply)>;

// Splits "/path?a=b" and decodes its parts. False: it is no valid target.
bool ParseHttpTarget(std::string_view target, HttpRequest& request);

// {"error": {"reason": "UNKNOWN_TOPIC", "message": ..., "hint": ..., "details": {...}}} with the
// status that fits, or with `status`.
HttpResponse ErrorResponse(const Error& error, int status = 0);

}  // namespace qalam
