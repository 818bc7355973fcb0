#include "broker/http/write_guard.h"

#include <algorithm>
#include <string>
#include <utility>

#include "common/printable.h"

namespace qalam {
namespace {

constexpr std::string_view kHeader = "x-qalam-request";

Error Denied(std::string message) {
  return Error(ErrorCode::kPermissionDenied, std::move(message));
}

bool SameText(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

// "http://host:1" has the Host "host:1". A proxy that speaks TLS passes both on, so the scheme may
// be either.
bool IsOwnOrigin(std::string_view origin, std::string_view host) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (origin.starts_with(scheme)) return SameText(origin.substr(scheme.size()), host);
  }
  return false;
}

bool IsJson(std::string_view content_type) {
  std::string_view type = content_type.substr(0, content_type.find(';'));
  while (type.ends_with(' ')) type.remove_suffix(1);
  return SameText(type, "application/json");
}

}  // namespace

Status CheckWrite(const HttpRequest& request, HttpMode mode) {
  if (mode == HttpMode::kReadOnly) {
    return Denied("this broker's HTTP API is read-only (qalam.http.mode); use the qalam command")
        .With("key", "qalam.http.mode");
  }
  if (request.Header(kHeader) != "1") {
    return Denied("what changes something needs the header X-Qalam-Request: 1")
        .With("header", "X-Qalam-Request");
  }
  if (const std::string_view site = request.Header("sec-fetch-site");
      !site.empty() && site != "same-origin" && site != "none") {
    return Denied("a page of another site may not change anything (Sec-Fetch-Site is " +
                  Quoted(site) + ")")
        .With("header", "Sec-Fetch-Site");
  }
  if (const std::string_view origin = request.Header("origin");
      !origin.empty() && !IsOwnOrigin(origin, request.Header("host"))) {
    return Denied("a page of another site may not change anything (Origin is " + Quoted(origin) +
                  ")")
        .With("header", "Origin");
  }
  if (!request.body.empty() && !IsJson(request.Header("content-type"))) {
    return Error(ErrorCode::kInvalidArgument, "the body needs Content-Type: application/json")
        .With("header", "Content-Type");
  }
  return OkStatus();
}

HttpPage Guarded(HttpMode mode, HttpPage page) {
  return [mode, page = std::move(page)](const HttpRequest& request, HttpReply reply) {
    if (const Status allowed = CheckWrite(request, mode); allowed.ok()) {
      page(request, std::move(reply));
    } else {
      const bool media = allowed.error().detail("header") == "Content-Type";
      reply(ErrorResponse(allowed.error(), media ? 415 : 0));
    }
  };
}

std::string_view ToText(HttpMode mode) {
  return mode == HttpMode::kOperator ? "operator" : "read-only";
}

}  // namespace qalam
