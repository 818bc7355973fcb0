#include "client/cli/ceiling_directory.h"

#include <errno.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <sys/vfs.h>

#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "client/cli/usage.h"

namespace qalam::cli {
namespace {

const char* DirectoryErrorWord(int error_number) {
  switch (error_number) {
    case ENOENT:
    case ENOTDIR:
      return "NOT_FOUND";
    case ENOSPC:
    case EDQUOT:
      return "NO_SPACE";
    default:
      return "DIRECTORY_UNUSABLE";
  }
}

}  // namespace

abi0::Result<CeilingDirectory> CeilingDirectory::Make(const std::string& parent) {
  std::string path = parent + "/qalam-ceiling-XXXXXX";
  if (::mkdtemp(path.data()) == nullptr) {
    const int error_number = errno;
    return abi0::Error(DirectoryErrorWord(error_number),
                       "cannot make a directory in " + parent + ": " + std::strerror(error_number),
                       false, "Name a directory on the disk to be measured.", {}, "");
  }
  return CeilingDirectory(std::move(path));
}

CeilingDirectory::CeilingDirectory(CeilingDirectory&& other) noexcept
    : path_(std::exchange(other.path_, {})) {}

CeilingDirectory::~CeilingDirectory() {
  if (path_.empty()) return;
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

abi0::Status CheckOnDisk(const std::string& directory) {
  struct statfs file_system {};
  if (::statfs(directory.c_str(), &file_system) != 0) return {};  // Writing will say more.
  const auto type = static_cast<unsigned long>(file_system.f_type);
  if (type != TMPFS_MAGIC && type != RAMFS_MAGIC) return {};
  return BadUsage(directory + " lies in memory (tmpfs): a sync there says nothing of a disk",
                  "Name a directory on a disk, or measure with --ack write.");
}

}  // namespace qalam::cli
