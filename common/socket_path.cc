#include "common/socket_path.h"

#include <fcntl.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>

#include "common/posix_file_system.h"

namespace qalam {

Result<SocketPath> SocketPath::Of(const std::string& directory, const std::string& name) {
  constexpr std::size_t kPathMax = sizeof(sockaddr_un::sun_path) - 1;
  std::string path = directory + "/" + name;
  if (path.size() <= kPathMax) return SocketPath(-1, std::move(path));
  const int descriptor = ::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return ErrorFromErrno(errno, "open", directory);
  SocketPath by_descriptor(descriptor, "/proc/self/fd/" + std::to_string(descriptor) + "/" + name);
  if (by_descriptor.text_.size() > kPathMax) {
    return Error(ErrorCode::kInvalidArgument, name + " is too long for a socket's name");
  }
  return by_descriptor;
}

SocketPath::~SocketPath() {
  if (directory_ >= 0) ::close(directory_);
}

}  // namespace qalam
