#pragma once

#include <qalam/client.h>

#include <string>

namespace qalam::cli {

// A directory that is made for one measurement, and removed with all that is in it. Thread: its
// owner.
class CeilingDirectory {
 public:
  // qalam-ceiling-XXXXXX below `parent`, which exists. Errors: NOT_FOUND, DIRECTORY_UNUSABLE,
  // NO_SPACE.
  static abi0::Result<CeilingDirectory> Make(const std::string& parent);
  ~CeilingDirectory();
  CeilingDirectory(CeilingDirectory&& other) noexcept;
  CeilingDirectory& operator=(CeilingDirectory&&) = delete;

  const std::string& path() const { return path_; }

 private:
  explicit CeilingDirectory(std::string path) : path_(std::move(path)) {}
  std::string path_;  // Empty: moved away.
};

// Whether a sync can mean anything in `directory`. INVALID_ARGUMENT: it lies in memory.
abi0::Status CheckOnDisk(const std::string& directory);

}  // namespace qalam::cli
