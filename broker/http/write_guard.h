#pragma once

#include <string_view>

#include "broker/http/http_message.h"
#include "common/result.h"

namespace qalam {

// Whether a request may change something. A page of another site can make a browser send requests
// here: plain forms and images, and by script those without headers of their own. None of these
// gets past the custom header, the content type and the origin. Thread: any.

enum class HttpMode { kReadOnly, kOperator };

// Errors: kPermissionDenied (read-only; no X-Qalam-Request; from another site), kInvalidArgument (a
// body that is not application/json).
Status CheckWrite(const HttpRequest& request, HttpMode mode);
// A page that answers only what CheckWrite allows.
HttpPage Guarded(HttpMode mode, HttpPage page);

std::string_view ToText(HttpMode mode);  // "operator", "read-only".

}  // namespace qalam
