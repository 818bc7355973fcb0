#pragma once

#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "common/check.h"

namespace qalam::abi0 {

// A new directory on a disk (never tmpfs), with all that is in it removed at the end. Thread: one.
class DiskDirectory {
 public:
  DiskDirectory() : path_("/var/tmp/qalam-embedded-XXXXXX") {
    QALAM_CHECK(::mkdtemp(path_.data()) != nullptr);
  }
  ~DiskDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  DiskDirectory(const DiskDirectory&) = delete;
  DiskDirectory& operator=(const DiskDirectory&) = delete;
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace qalam::abi0
