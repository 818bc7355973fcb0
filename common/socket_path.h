#pragma once

#include <string>
#include <utility>

#include "common/result.h"

namespace qalam {

// A path that fits into a Unix socket's address (107 bytes): DIRECTORY/NAME itself, or, when that
// is longer, by way of a descriptor of the directory, which this object keeps open. Thread: one at
// a time; text() from any.
class SocketPath {
 public:
  // Errors: kNotFound, kPermissionDenied, kInvalidArgument (NAME alone is too long), kIo.
  static Result<SocketPath> Of(const std::string& directory, const std::string& name);
  SocketPath(SocketPath&& other) noexcept
      : directory_(std::exchange(other.directory_, -1)), text_(std::move(other.text_)) {}
  SocketPath& operator=(SocketPath&& other) noexcept {
    std::swap(directory_, other.directory_);
    std::swap(text_, other.text_);
    return *this;
  }
  ~SocketPath();

  const std::string& text() const { return text_; }

 private:
  SocketPath(int directory, std::string text) : directory_(directory), text_(std::move(text)) {}
  int directory_;  // -1: not needed.
  std::string text_;
};

}  // namespace qalam
