#pragma once

#include <map>
#include <string>
#include <string_view>

#include "broker/http/http_message.h"

namespace qalam {

// Which page answers which path. Thread: Add before the server starts; Answer from its thread.
class HttpPages {
 public:
  // `path` alone, or, ending in a slash, everything below it that has no page of its own.
  void Add(std::string path, HttpPage page);
  // NOT_FOUND names what there is; other methods than GET are refused with 405.
  void Answer(const HttpRequest& request, HttpReply reply) const;

 private:
  const HttpPage* Find(std::string_view path) const;

  std::map<std::string, HttpPage, std::less<>> pages_;
};

}  // namespace qalam
