#include "broker/http/http_pages.h"

#include <algorithm>
#include <utility>

namespace qalam {
namespace {

std::vector<std::string> Split(std::string_view path) {
  std::vector<std::string> segments;
  while (!path.empty()) {
    path.remove_prefix(1);  // The slash.
    const std::size_t end = std::min(path.find('/'), path.size());
    segments.emplace_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return segments;
}

bool IsPart(std::string_view segment) { return segment.starts_with('{'); }

// Fills in the parts. False: `segments` are of another path.
bool Match(const std::vector<std::string>& pattern, const std::vector<std::string>& segments,
           HttpRequest& request) {
  if (pattern.size() != segments.size()) return false;
  request.parts.clear();
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (IsPart(pattern[i])) {
      if (segments[i].empty()) return false;
      request.parts[pattern[i].substr(1, pattern[i].size() - 2)] = segments[i];
    } else if (pattern[i] != segments[i]) {
      return false;
    }
  }
  return true;
}

HttpResponse NotAllowed(const std::string& method, const std::string& allowed) {
  HttpResponse refused =
      ErrorResponse(Error(ErrorCode::kInvalidArgument,
                          method.substr(0, 32) + " is not possible here, only " + allowed),
                    405);
  refused.headers.emplace_back("Allow", allowed);
  return refused;
}

}  // namespace

void HttpPages::Add(std::string method, std::string path, HttpPage page) {
  const auto rank = [](std::string_view text) {
    return std::pair(text.find('{') != std::string_view::npos, text);
  };
  const auto place = std::lower_bound(
      paths_.begin(), paths_.end(), path,
      [&](const Path& each, const auto& text) { return rank(each.text) < rank(text); });
  if (place != paths_.end() && place->text == path) {
    place->pages.insert_or_assign(std::move(method), std::move(page));
    return;
  }
  Path made{path, Split(path), {}};
  made.pages.emplace(std::move(method), std::move(page));
  paths_.insert(place, std::move(made));
}

const HttpPages::Path* HttpPages::Find(HttpRequest& request) const {
  const std::vector<std::string> segments = Split(request.path);
  for (const Path& path : paths_) {
    if (Match(path.segments, segments, request)) return &path;
  }
  return nullptr;
}

void HttpPages::Answer(HttpRequest request, HttpReply reply) const {
  const Path* const path = Find(request);
  if (path == nullptr) {
    std::string known;
    for (const Path& each : paths_) known += (known.empty() ? "" : ", ") + each.text;
    reply(ErrorResponse(Error(ErrorCode::kNotFound,
                              "no page " + request.path.substr(0, 200) + "; there are " + known)));
    return;
  }
  const auto page = path->pages.find(request.method);
  if (page != path->pages.end()) {
    page->second(request, std::move(reply));
    return;
  }
  std::string allowed;
  for (const auto& [method, unused] : path->pages) {
    allowed += (allowed.empty() ? "" : ", ") + method;
    if (method == "GET") allowed += ", HEAD";
  }
  reply(NotAllowed(request.method, allowed));
}

}  // namespace qalam
