#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/error.h"
#include "common/unique_function.h"

namespace qalam {

class HttpEventStream;

// A question. Thread: a value.
struct HttpRequest {
  std::string method;                        // "GET"; HEAD comes as GET.
  std::string path;                          // Decoded, begins with a slash.
  std::map<std::string, std::string> query;  // Decoded; of a name that comes twice, the last.
  // By lower-case name; of one that comes more than once, all values, with commas between them.
  std::map<std::string, std::string, std::less<>> headers;
  std::string body;
  std::map<std::string, std::string, std::less<>> parts;  // Of the path, by HttpPages.

  // Empty: there is none.
  std::string_view Header(std::string_view name) const;
  std::string Part(std::string_view name) const;
  std::string Query(const std::string& name) const;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;  // Beyond those that every answer has.
  // Instead of a body: the connection becomes a stream of events, given to this on the server's
  // thread. Not called where there are too many already; the client hears that.
  std::function<void(std::shared_ptr<HttpEventStream>)> stream;
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
