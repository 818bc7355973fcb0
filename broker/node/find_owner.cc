#include "broker/node/find_owner.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "broker/node/data_directory.h"
#include "common/posix_file_system.h"

namespace qalam {

Result<std::unique_ptr<OwnerClient>> FindOwner(FileSystem& fs, const std::string& directory) {
  struct stat at {};
  if (stat(directory.c_str(), &at) != 0) return ErrorFromErrno(errno, "look at", directory);
  if (!S_ISDIR(at.st_mode)) {
    return Error(ErrorCode::kDirectoryUnusable, directory + " is not a directory")
        .With("path", directory);
  }
  if (at.st_uid != geteuid() && geteuid() != 0) {
    return Error(ErrorCode::kPermissionDenied, directory + " belongs to user " +
                                                   std::to_string(at.st_uid) +
                                                   ", and its owner answers nobody else")
        .With("path", directory);
  }
  // The owner wrote it before it listened.
  QALAM_ASSIGN_OR_RETURN(const std::optional<MetaProperties> meta, ReadMeta(fs, directory));
  QALAM_ASSIGN_OR_RETURN(std::unique_ptr<OwnerClient> owner, OwnerClient::Connect(directory));
  if (!meta || owner->hello().directory_id != meta->directory_id) {
    return Error(ErrorCode::kDirectoryUnusable,
                 "process " + std::to_string(owner->hello().pid) + ", which listens at " +
                     directory + "/qalam.sock, owns another directory (" +
                     owner->hello().directory_id + "): somebody put its socket there; remove it")
        .With("path", directory)
        .With("pid", owner->hello().pid);
  }
  return owner;
}

}  // namespace qalam
