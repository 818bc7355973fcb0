#pragma once

#include <stdlib.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

#include "common/check.h"

namespace qalam {

// A new directory below $TMPDIR (else /tmp), removed with all that is in it at the end. Thread:
// one.
class TempDirectory {
 public:
  TempDirectory() : path_(std::filesystem::temp_directory_path() / "qalam-test-XXXXXX") {
    QALAM_CHECK(::mkdtemp(path_.data()) != nullptr);
  }
  ~TempDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;

  const std::string& path() const { return path_; }
  std::string File(std::string_view name) const { return path_ + "/" + std::string(name); }

 private:
  std::string path_;
};

}  // namespace qalam
