#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "broker/http/http_message.h"

namespace qalam {

// Which page answers which path and method. Thread: Add before the server starts; Answer from its
// thread.
class HttpPages {
 public:
  // A segment of `path` in braces stands for any one segment, which the request then has as a part
  // of that name: "/api/v1/topics/{topic}/config". A path that is spelt out comes first.
  void Add(std::string path, HttpPage page) { Add("GET", std::move(path), std::move(page)); }
  void Add(std::string method, std::string path, HttpPage page);
  // NOT_FOUND names what there is; another method than the path's is refused with 405.
  void Answer(HttpRequest request, HttpReply reply) const;

 private:
  struct Path {
    std::string text;
    std::vector<std::string> segments;
    std::map<std::string, HttpPage, std::less<>> pages;  // By method.
  };

  const Path* Find(HttpRequest& request) const;

  std::vector<Path> paths_;  // Those without parts first, then by text.
};

}  // namespace qalam
