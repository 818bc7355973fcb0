#include "broker/http/http_pages.h"

#include <utility>

namespace qalam {

void HttpPages::Add(std::string path, HttpPage page) {
  pages_.insert_or_assign(std::move(path), std::move(page));
}

const HttpPage* HttpPages::Find(std::string_view path) const {
  if (const auto exact = pages_.find(path); exact != pages_.end()) return &exact->second;
  for (std::size_t slash = path.rfind('/'); slash != std::string_view::npos && slash > 0;
       slash = path.rfind('/', slash - 1)) {
    const auto below = pages_.find(path.substr(0, slash + 1));
    if (below != pages_.end()) return &below->second;
  }
  return nullptr;
}

void HttpPages::Answer(const HttpRequest& request, HttpReply reply) const {
  const HttpPage* const page = Find(request.path);
  if (page == nullptr) {
    std::string known;
    for (const auto& [path, unused] : pages_) known += (known.empty() ? "" : ", ") + path;
    reply(ErrorResponse(Error(ErrorCode::kNotFound,
                              "no page " + request.path.substr(0, 200) + "; there are " + known)));
    return;
  }
  if (request.method != "GET") {
    HttpResponse refused = ErrorResponse(
        Error(ErrorCode::kInvalidArgument, request.method + " is not possible here, only GET"),
        405);
    refused.headers.emplace_back("Allow", "GET, HEAD");
    reply(std::move(refused));
    return;
  }
  (*page)(request, std::move(reply));
}

}  // namespace qalam
