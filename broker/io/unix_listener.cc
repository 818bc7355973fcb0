#include "broker/io/unix_listener.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "common/logging.h"
#include "common/posix_file_system.h"

namespace qalam {
namespace {

// The peer, if it may connect: the same user, or root.
std::string AllowedPeer(int descriptor) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return "";
  if (peer.uid != ::geteuid() && peer.uid != 0) {
    Logger("io").warn("connection refused on the unix socket: other user uid={} pid={}", peer.uid,
                      peer.pid);
    return "";
  }
  return "unix:uid=" + std::to_string(peer.uid) + ",pid=" + std::to_string(peer.pid);
}

// Binds `descriptor` to `path`; by way of its directory's descriptor when `path` is too long.
bool Bind(int descriptor, int directory, const std::string& path, const std::string& file) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::string name = path;
  if (name.size() >= sizeof address.sun_path) {
    name = "/proc/self/fd/" + std::to_string(directory) + "/" + file;
  }
  if (name.size() >= sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    return false;
  }
  std::memcpy(address.sun_path, name.c_str(), name.size() + 1);
  return ::bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

// What processes left that died between bind and rename.
void RemoveLeftovers(int dir, const std::string& directory, const std::string& prefix) {
  std::error_code failed;
  std::filesystem::directory_iterator at(directory, failed);
  for (; !failed && at != std::filesystem::directory_iterator(); at.increment(failed)) {
    const std::string name = at->path().filename().string();
    if (name.starts_with(prefix)) ::unlinkat(dir, name.c_str(), 0);
  }
}

}  // namespace

Result<std::unique_ptr<UnixListener>> UnixListener::Open(IoThread& io, const std::string& directory,
                                                         const std::string& name,
                                                         ConnectionHandler handler) {
  const std::string path = directory + "/" + name;
  const std::string temporary = "." + name + "." + std::to_string(::getpid());
  const int dir = ::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (dir < 0) return ErrorFromErrno(errno, "open", directory);
  const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const auto fail = [&](const char* what) {
    const Error error = ErrorFromErrno(errno, what, path);
    ::unlinkat(dir, temporary.c_str(), 0);
    if (descriptor >= 0) ::close(descriptor);
    ::close(dir);
    return error;
  };
  if (descriptor < 0) return fail("socket");
  RemoveLeftovers(dir, directory, "." + name + ".");
  if (!Bind(descriptor, dir, directory + "/" + temporary, temporary)) return fail("bind");
  if (::fchmodat(dir, temporary.c_str(), 0600, 0) != 0) return fail("chmod");
  if (::listen(descriptor, kListenBacklog) != 0) return fail("listen");
  if (::renameat(dir, temporary.c_str(), dir, name.c_str()) != 0) return fail("rename");
  ::close(dir);
  return std::unique_ptr<UnixListener>(new UnixListener(io, descriptor, path, std::move(handler)));
}

UnixListener::UnixListener(IoThread& io, int descriptor, std::string path,
                           ConnectionHandler handler)
    : path_(std::move(path)),
      loop_(std::make_unique<AcceptLoop>(io, descriptor, path_,
                                         [handler = std::move(handler)](int fd) {
                                           const std::string peer = AllowedPeer(fd);
                                           if (peer.empty()) {
                                             ::close(fd);
                                             return;
                                           }
                                           handler(fd, peer);
                                         })) {
  struct stat status {};
  if (::lstat(path_.c_str(), &status) == 0) {
    device_ = status.st_dev;
    inode_ = status.st_ino;
  }
}

UnixListener::~UnixListener() = default;

void UnixListener::Start() { loop_->Start(); }

bool UnixListener::NameIsOurs() const {
  struct stat status {};
  return inode_ != 0 && ::lstat(path_.c_str(), &status) == 0 && status.st_dev == device_ &&
         status.st_ino == inode_;
}

void UnixListener::Stop() {
  // The name first: nobody should find it and then be refused.
  if (NameIsOurs()) ::unlink(path_.c_str());
  inode_ = 0;
  loop_->Stop();
}

}  // namespace qalam
